import { expect, test } from 'vitest';
import { explainRefusal, type NamespaceSettings } from './probe.ts';

const usual: NamespaceSettings = {
  maxUserNamespaces: '65536',
  maxNetNamespaces: '65536',
  unprivilegedUsernsClone: undefined,
  apparmorRestrictsUserns: undefined,
};

test.each<[Partial<NamespaceSettings>, string]>([
  [{ maxUserNamespaces: '0' }, 'sysctl -w user.max_user_namespaces=65536'],
  [{ maxNetNamespaces: '0' }, 'sysctl -w user.max_net_namespaces=65536'],
  [{ unprivilegedUsernsClone: '0' }, 'sysctl -w kernel.unprivileged_userns_clone=1'],
  [{ apparmorRestrictsUserns: '1' }, 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'],
])('a host with %j is told "%s"', (settings, remedy) => {
  expect(explainRefusal({ ...usual, ...settings }, 'Operation not permitted').remedy).toContain(remedy);
});

test('a refusal that no setting explains is passed on in its own words', () => {
  expect(explainRefusal(usual, 'unshare failed: Operation not permitted').problem).toContain(
    'unshare failed: Operation not permitted',
  );
});

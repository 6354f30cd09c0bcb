import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

describe('networks', () => {
  it('are made with the default provider, read, listed and deleted', async () => {
    const made = await user.post('/v1/networks', { name: 'blue' }).expect(201);
    expect(made.body).toMatchObject({
      projectId: user.projectId,
      name: 'blue',
      provider: 'test',
      status: 'active',
      revision: 1,
    });
    expect(made.body).not.toHaveProperty('providerOptions');
    expect(made.headers).toMatchObject({ etag: '"1"', location: `/v1/networks/${made.body.id}` });
    const path = `/v1/networks/${made.body.id}`;
    await user.get(path).expect(200, made.body).expect('etag', '"1"');
    await user.get(`/v1/networks/${made.body.id.toUpperCase()}`).expect(200, made.body);
    const listed = await user.get('/v1/networks?name=blue').expect(200);
    expect(listed.body.items).toEqual([made.body]);
    await user.delete(path).expect(204);
    const gone = await user.get(path).expect(404);
    expect(gone.body.code).toBe('network-not-found');
    const again = await user.delete(path).expect(404);
    expect(again.body.code).toBe('network-not-found');
  });

  it('keep the options that their provider has found nothing wrong with', async () => {
    const made = await user.network({ providerOptions: { vlan: 12 } });
    expect(made.providerOptions).toEqual({ vlan: 12 });
  });

  it.each([
    [{ provider: 'ovn' }, '/provider', /test, only4/],
    [{ providerOptions: { vlan: 0 } }, '/providerOptions/vlan', /1/],
    [{ providerOptions: { vlan: 13 } }, '/providerOptions/vlan', /13/],
    [{ providerOptions: { colour: 'red' } }, '/providerOptions/colour', /additional/],
    [{ name: 7 }, '/name', /string/],
    [{ nmae: 'blue' }, '/nmae', /./],
  ])('are refused with %j, pointing at %s', async (input, pointer, detail) => {
    const before = await user.get('/v1/networks?limit=200').expect(200);
    const { body } = await user.post('/v1/networks', input).expect(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer }] });
    expect(body.errors[0].detail).toMatch(detail);
    await user.get('/v1/networks?limit=200').expect(200, before.body);
  });

  it('are not deleted while they have subnets or ports', async () => {
    const network = await user.network();
    const path = `/v1/networks/${network.id}`;
    const port = await user.port(network.id, { fixedIps: [] });
    const withPort = await user.delete(path).expect(409);
    expect(withPort.body).toMatchObject({ code: 'network-in-use', detail: expect.stringContaining('ports') });
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/24' });
    const withSubnet = await user.delete(path).expect(409);
    expect(withSubnet.body).toMatchObject({
      code: 'network-in-use',
      detail: expect.stringContaining('subnets'),
    });
    await user.delete(`/v1/subnets/${subnet.id}`).expect(204);
    await user.delete(path).expect(204);
  });

  it('are deleted only at the revision that If-Match names', async () => {
    const network = await user.network();
    const path = `/v1/networks/${network.id}`;
    const refused = await user.delete(path).set('if-match', '"2"').expect(412);
    expect(refused.body.code).toBe('precondition-failed');
    await user.delete(path).set('if-match', '"1"').expect(204);
  });

  it('are made once per idempotency key', async () => {
    const key = randomUUID();
    const make = (body: object) => user.post('/v1/networks', body).set('idempotency-key', key);
    const first = await make({ name: 'once' }).expect(201);
    const second = await make({ name: 'once' }).expect(201);
    expect(second.body).toEqual(first.body);
    expect(second.headers['location']).toBe(first.headers['location']);
    expect(second.headers['etag']).toBe(first.headers['etag']);
    const other = await make({ name: 'twice' }).expect(422);
    expect(other.body.code).toBe('idempotency-key-reused');
    const listed = await user.get('/v1/networks?name=once').expect(200);
    expect(listed.body.items).toHaveLength(1);
    // A key means something to its project only.
    const stranger = await stage.user();
    const theirs = await stranger
      .post('/v1/networks', { name: 'once' })
      .set('idempotency-key', key)
      .expect(201);
    expect(theirs.body.id).not.toBe(first.body.id);
  });

  it('are paged through completely, oldest first, also while others are made', async () => {
    const reader = await stage.user();
    const made = [];
    for (let index = 0; index < 7; index++) made.push((await reader.network({ name: `n${index}` })).id);
    const seen: string[] = [];
    let query = '?limit=3';
    for (;;) {
      const { body } = await reader.get(`/v1/networks${query}`).expect(200);
      seen.push(...body.items.map((item: { id: string }) => item.id));
      if (seen.length === 3) made.push((await reader.network({ name: 'late' })).id);
      if (body.nextPageToken === undefined) break;
      query = `?limit=3&pageToken=${body.nextPageToken}`;
    }
    expect(seen).toEqual(made);
  });

  it('take no page token of another list', async () => {
    const reader = await stage.user();
    await reader.network();
    await reader.network();
    const { body } = await reader.get('/v1/networks?limit=1').expect(200);
    const other = await reader.get(`/v1/networks?limit=1&name=x&pageToken=${body.nextPageToken}`).expect(400);
    expect(other.body.code).toBe('invalid-page-token');
    const junk = await reader.get('/v1/networks?pageToken=junk').expect(400);
    expect(junk.body.code).toBe('invalid-page-token');
  });

  it('of other projects look as if they did not exist', async () => {
    const theirs = await user.network({ name: 'hidden' });
    const stranger = await stage.user();
    const nowhere = randomUUID();
    const same = async (
      call: (id: string) => PromiseLike<{ status: number; body: Record<string, unknown> }>,
    ) => {
      const [hidden, missing] = [await call(theirs.id), await call(nowhere)];
      const { instance: _a, ...hiddenBody } = hidden.body;
      const { instance: _b, ...missingBody } = missing.body;
      expect([hidden.status, missing.status]).toEqual([404, 404]);
      expect(JSON.stringify(hiddenBody).replaceAll(theirs.id, nowhere)).toBe(JSON.stringify(missingBody));
    };
    await same((id) => stranger.get(`/v1/networks/${id}`));
    await same((id) => stranger.delete(`/v1/networks/${id}`));
    await same((id) => stranger.delete(`/v1/networks/${id}`).set('if-match', '"99"'));
    await same((id) => stranger.post(`/v1/networks/${id}/subnets`, { cidr: '10.0.0.0/24' }));
    await same((id) => stranger.post(`/v1/networks/${id}/subnets`, { cidr: 'nonsense' }));
    await same((id) => stranger.post(`/v1/networks/${id}/ports`, {}));
    await same((id) => stranger.post(`/v1/networks/${id}/ports/bulk`, { ports: [{}] }));
    await same((id) =>
      stranger.post(`/v1/networks/${id}/attachments`, { vnicId: nowhere, macAddress: '02:00:00:00:00:01' }),
    );
    await stranger.get('/v1/networks').expect(200, { items: [] });
    await stranger.get(`/v1/subnets?networkId=${theirs.id}`).expect(200, { items: [] });
    await stranger.get(`/v1/ports?networkId=${theirs.id}`).expect(200, { items: [] });
  });
});

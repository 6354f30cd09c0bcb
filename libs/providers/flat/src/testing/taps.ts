import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * Opens a tap as a user, as a hypervisor would (TUNSETIFF with IFF_TAP and IFF_NO_PI), and sends frames as a guest would, over
 * and over: a bridge forwards only some time after the carrier came.
 */
const script = `
  my ($name, $uid, @frames) = @ARGV;
  $| = 1;
  open(my $tap, "+<", "/dev/net/tun") or die "open: $!";
  $) = "$uid $uid"; $( = $uid; $< = $uid; $> = $uid;
  ioctl($tap, 0x400454ca, pack("a16 S x22", $name, 0x1002)) or do { print "refused: $!\\n"; exit };
  print "open\\n";
  while (1) {
    foreach my $frame (@frames) { syswrite($tap, pack("H*", $frame)) }
    select(undef, undef, undef, 0.01);
  }
`;

/** A tap that a user has asked for. */
export interface OpenedTap {
  /** What the kernel said: `open`, or `refused` with the reason. */
  readonly answer: string;
  stop(): void;
}

/** Opens a tap as this user and sends frames from it until stopped. */
export async function openTap(name: string, uid: number, ...frames: readonly string[]): Promise<OpenedTap> {
  const child = spawn('perl', ['-e', script, name, String(uid), ...frames], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const answer = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout })
      .once('line', resolve)
      .once('close', () => resolve('nothing'));
  });
  return { answer, stop: () => child.kill('SIGKILL') };
}

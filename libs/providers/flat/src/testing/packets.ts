import { createInterface } from 'node:readline';
import type { TestMachine } from './machines.ts';
import { waitFor } from './wait.ts';

/** Perl, because it is in every Debian and can speak packet(7); AF_PACKET is 17, SOCK_RAW 3, ETH_P_ALL 3. */
const openSocket = `
  socket(my $s, 17, 3, 0x0300) or die "socket: $!";
  my $request = pack("a16 x24", $ARGV[0]);
  until (ioctl($s, 0x8933, $request)) { select(undef, undef, undef, 0.002) }
  my $index = unpack("x16 l", $request);
  bind($s, pack("S S l S C C a8", 17, 0x0300, $index, 0, 0, 6, "")) or die "bind: $!";
  $| = 1;
`;
const sendScript = `${openSocket}
  foreach my $frame (@ARGV[1 .. $#ARGV]) { defined(send($s, pack("H*", $frame), 0)) or die "send: $!" }
`;
const floodScript = `${openSocket}
  print "flooding\\n";
  while (1) { send($s, pack("H*", $ARGV[1]), 0) or select(undef, undef, undef, 0.001) }
`;
const captureScript = `${openSocket}
  print "ready\\n";
  while (1) {
    my $from = recv($s, my $frame, 65536, 0);
    defined($from) or next;
    my ($family, $protocol, $link, $hardware, $type) = unpack("S n l S C", $from);
    print unpack("H*", $frame), "\\n" unless $type == 4;
  }
`;

/** Sends frames from a machine exactly as they are. */
export async function send(machine: TestMachine, ...frames: readonly string[]): Promise<void> {
  const { exitCode, output } = await machine.run('perl', ['-e', sendScript, 'eth0', ...frames]);
  if (exitCode !== 0) throw new Error(`sending failed: ${output}`);
}

/** Sends one frame over and over, from the moment that the link is there. */
export function flood(machine: TestMachine, frame: string): { readonly stop: () => void } {
  const child = machine.start('perl', ['-e', floodScript, 'eth0', frame]);
  return { stop: () => child.kill('SIGKILL') };
}

/** The frames that reach a machine. */
export interface Capture {
  /** Waits until a frame arrives that holds this text (hexadecimal). */
  waitFor(hex: string): Promise<void>;
  /** All frames so far. */
  frames(): readonly string[];
  stop(): void;
}

/** Starts to note every frame that reaches a machine. */
export async function capture(machine: TestMachine): Promise<Capture> {
  const child = machine.start('perl', ['-e', captureScript, 'eth0']);
  const lines: string[] = [];
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await waitFor('the capture to start', () => lines.includes('ready'));
  return {
    waitFor: (hex) => waitFor(`a frame with ${hex}`, () => lines.some((line) => line.includes(hex))),
    frames: () => lines.slice(1),
    stop: () => child.kill('SIGKILL'),
  };
}

import { x } from 'tinyexec';

/** Opens a tap as a user, as a hypervisor would (TUNSETIFF with IFF_TAP and IFF_NO_PI), and writes frames as a guest would send them. */
const script = `
  my ($name, $uid, @frames) = @ARGV;
  open(my $tap, "+<", "/dev/net/tun") or die "open: $!";
  $) = "$uid $uid"; $( = $uid; $< = $uid; $> = $uid;
  ioctl($tap, 0x400454ca, pack("a16 S x22", $name, 0x1002)) or die "TUNSETIFF: $!";
  foreach my $frame (@frames) {
    until (defined(syswrite($tap, pack("H*", $frame)))) { $!{EIO} or die "write: $!"; select(undef, undef, undef, 0.002) }
  }
`;

/** Opens a tap as this user and sends frames from it; says whether the kernel let the user. */
export async function sendFromTap(
  name: string,
  uid: number,
  ...frames: readonly string[]
): Promise<{ readonly isAllowed: boolean; readonly complaint: string }> {
  const options = { nodePath: false, timeout: 10_000 };
  const { exitCode, stderr } = await x(
    'perl',
    ['-MErrno', '-e', script, name, String(uid), ...frames],
    options,
  );
  return { isAllowed: exitCode === 0, complaint: stderr };
}

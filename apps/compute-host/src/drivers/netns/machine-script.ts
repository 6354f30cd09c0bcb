/** The last line of a machine's set-up, by which the driver knows that it is up. */
export const readyLine = 'patchpanel: machine ready';

/**
 * What becomes pid 1 of a machine: arguments are the instance id (which marks the process for those who look at
 * /proc/<pid>/cmdline) and the host name.
 *
 * The machine gets a root file system of its own: a tmpfs with the host's programs (/usr and what leads there) and nothing
 * else of it, and the host's tree is detached. Machines run as compute-host's user, so anything of the host's tree that stayed
 * reachable, a token file above all, would be theirs to read. The tmpfs holds the machine's own small /etc.
 *
 * /proc and /sys are missing where the host forbids mounting them in a user namespace (as containers with masked paths do);
 * packets flow without them.
 */
export const machineScript = `#!/bin/sh
set -eu
umask 022
instance=$1 name=$2

# Over /tmp, as it is there on every host and this mount is seen by nobody else.
mount -t tmpfs -o mode=755,size=64m,nosuid tmpfs /tmp
cd /tmp
mkdir -p dev/shm etc/alternatives etc/ssl mnt proc root run sys tmp usr
: > etc/ld.so.cache

# One mount command for all, as starting programs is what takes the time here.
{
  for device in null zero full random urandom tty; do
    if [ -c "/dev/$device" ]; then
      : > "dev/$device"
      echo "/dev/$device /tmp/dev/$device none bind 0 0"
    fi
  done
  for shared in usr etc/alternatives etc/ssl etc/ld.so.cache; do
    if [ -e "/$shared" ]; then echo "/$shared /tmp/$shared none rbind 0 0"; fi
  done
  links=
  for folder in bin sbin lib lib32 lib64 libx32; do
    if [ -h "/$folder" ]; then links="$links /$folder"
    elif [ -d "/$folder" ]; then
      mkdir "$folder"
      echo "/$folder /tmp/$folder none rbind 0 0"
    fi
  done
  if [ -n "$links" ]; then cp -P $links .; fi
  echo 'tmpfs /tmp/dev/shm tmpfs mode=1777,size=16m,nosuid,nodev 0 0'
  echo 'proc /tmp/proc proc defaults 0 0'
  echo 'sysfs /tmp/sys sysfs defaults 0 0'
} > etc/fstab
mount --all --fstab etc/fstab || echo 'patchpanel: some mounts are missing in this machine'

echo "$name" > etc/hostname
printf '127.0.0.1 localhost\\n::1 localhost\\n127.0.1.1 %s\\n' "$name" > etc/hosts
printf 'root:x:0:0:root:/root:/bin/sh\\nnobody:x:65534:65534:nobody:/:/bin/false\\n' > etc/passwd
printf 'root:x:0:\\nnogroup:x:65534:\\n' > etc/group
echo '#!/bin/sh
# Pid 1 of the machine: reaps what is orphaned; on TERM asks everything to end, waits for it, and ends.
power_off() {
  trap "" TERM
  kill -TERM -1 2>/dev/null
  while kill -0 -1 2>/dev/null; do sleep 0.02; done
  exit 0
}
trap power_off TERM
echo "$2"
while :; do
  sleep 86400 &
  wait $!
done' > init

hostname "$name"
pivot_root . mnt
cd /
umount -l mnt
ip link set lo up
exec /bin/sh /init "$instance" '${readyLine}'
`;

/** The programs that the script and its launch use, for the probe. */
export const machinePrograms = {
  'util-linux': ['unshare', 'nsenter', 'pivot_root'],
  mount: ['mount', 'umount'],
  hostname: ['hostname'],
  iproute2: ['ip'],
  coreutils: ['sleep', 'mkdir', 'cp'],
} as const;

/** Where they are looked for, and all that a machine has for an environment. */
export const machineEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
} as const;

#!/bin/bash
# Runs the tests of package kernels on an emulated processor with AVX-512: the
# emulator Bochs, and in it a Linux whose first process runs them.
#
#	models/kernels/_avx512/run.sh [PATTERN...]
#
# Every pattern is one of go test's -run, spaces excluded; without any, all tests
# that have AVX-512 run, the shortest first. Exits 0 if each pattern matched a test,
# and all passed, none skipped.
#
# It needs Debian 12 on amd64 with Go. Packages come from apt-get download, and need
# no root; DEBS=FOLDER takes the .deb files of a folder in place of that. Libraries
# that the emulator wants and the system lacks come with apt-get install bochs.
# TMPDIR needs 300 MB.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
packages=(
	bochs=2.7+dfsg-4+deb12u1 bochsbios=2.7+dfsg-4+deb12u1 vgabios=0.8a+ds-2 libsamplerate0=0.2.2-3
	genisoimage=9:1.1.11-3.4 isolinux=3:6.04~git20190206.bf6db5b4+dfsg1-3
	syslinux-common=3:6.04~git20190206.bf6db5b4+dfsg1-3
)
if [ $# -eq 0 ]; then
	# The tests that run on each implementation, those of convolutions last.
	tests=$(cd "$here/.." && awk '/^func / { name = $2; sub(/\(.*/, "", name) }
		name ~ /^Test/ && /eachImpl\(|testConv\(/ { print name; name = "" }' ./*_test.go)
	set -- '^TestSelect$' '^TestEnvironment$' '^TestWinogradChoice$'
	for test in $(grep -v Conv <<<"$tests") $(grep Conv <<<"$tests" | sort -r); do
		set -- "$@" "^$test\$/^avx512" # the second run of a name is avx512#01
	done
fi

work=$(mktemp -d)
emulator=
trap '[ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
fail() {
	echo "run.sh: $*" >&2
	exit 1
}
for tool in go dpkg-deb ldd; do
	command -v "$tool" >/dev/null || fail "needs $tool"
done

mkdir "$work/debs" "$work/root" "$work/iso"
if [ -n "${DEBS:-}" ]; then
	cp "$DEBS"/*.deb "$work/debs"
else
	# The kernel's package is named by that of the newest one.
	kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-6\.1\..*\)/\1/p' | head -n 1)
	[ -n "$kernel" ] || fail "apt knows no linux-image-cloud-amd64 6.1: is this Debian 12, and apt-get update done?"
	(cd "$work/debs" && apt-get download -q "${packages[@]}" "$kernel") || fail "packages are missing; see apt-cache policy bochs"
fi
for deb in "$work"/debs/*.deb; do
	dpkg-deb -x "$deb" "$work/root"
done
usr=$work/root/usr
lib=$usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH=$lib LTDL_LIBRARY_PATH=$lib/bochs/plugins BXSHARE=$usr/share/bochs
missing=$(ldd "$usr/bin/bochs-bin" | sed -n 's/ => not found//p' | tr -d '\t' | tr '\n' ' ')
[ -z "$missing" ] || fail "the emulator needs ${missing}: apt-get install bochs"

cd "$here/.."
export CGO_ENABLED=0 GOOS=linux GOARCH=amd64
go test -c -o "$work/kernels.test" .
go build -trimpath -ldflags '-s -w' -o "$work/init" ./_avx512
printf '%s\n' "$@" >"$work/tests"
"$work/init" pack "$work/init" "$work/kernels.test" "$work/tests" >"$work/iso/initrd"

vmlinuz=("$work"/root/boot/vmlinuz-*)
cp "${vmlinuz[0]}" "$work/iso/vmlinuz"
cp "$usr/lib/ISOLINUX/isolinux.bin" "$usr/lib/syslinux/modules/bios/ldlinux.c32" "$work/iso"
# Linux finds the emulated processor's compact state save of a size that it does not
# expect, and then turns AVX off: it is told to use the plain one.
cat >"$work/iso/isolinux.cfg" <<END
default tests
prompt 0
timeout 0
label tests
 kernel vmlinuz
 initrd initrd
 append console=ttyS0 printk.devkmsg=on panic=-1 mitigations=off nokaslr tsc=reliable tsc_early_khz=50000 random.trust_cpu=on noxsaves clearcpuid=xsavec,xsaves,xgetbv1
END
"$usr/bin/genisoimage" -quiet -o "$work/boot.iso" -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$work/iso"

cat >"$work/bochsrc" <<END
config_interface: textconfig
display_library: rfb, options="timeout=0"
megs: 1024
cpu: model=corei7_skylake_x, count=1, ips=50000000, reset_on_triple_fault=0
romimage: file=$BXSHARE/BIOS-bochs-latest
vgaromimage: file=$usr/share/vgabios/vgabios.bin
ata0-master: type=cdrom, path=$work/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/serial
clock: sync=none
log: $work/log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
END
echo c >"$work/go" # Debian's build starts in its debugger
isolate=() # of the network, to which it would offer its screen
unshare -rn true 2>/dev/null && isolate=(unshare -rn)

SECONDS=0
echo "run.sh: Linux starts in two minutes or more" >&2
"${isolate[@]}" "$usr/bin/bochs-bin" -q -f "$work/bochsrc" -unlock -rc "$work/go" </dev/null >"$work/out" 2>&1 &
emulator=$!
touch "$work/serial"
tail -n +1 -f --pid="$emulator" "$work/serial" | sed -un 's/\r$//; s/^\[[^]]*\] kernels: //p' &
wait "$emulator" || true
wait # for what is still to be printed
emulator=
echo "run.sh: $SECONDS s" >&2
grep -q '\] kernels: all passed' "$work/serial" && exit 0
if ! grep -q '\] kernels: FAIL' "$work/serial"; then
	echo "run.sh: the machine ended before its tests; the last lines of Linux and of the emulator:" >&2
	tail -n 15 "$work/serial" "$work/out" >&2
fi
exit 1

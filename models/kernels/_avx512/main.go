// Command _avx512 is the whole userland of the machine that run.sh emulates: as the
// first process of a Linux it runs the tests of package kernels. Called as
// "pack FILE..." it writes the archive that the machine starts from.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "pack" {
		if err := pack(os.Stdout, os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "_avx512:", err)
			os.Exit(1)
		}
		return
	}
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "usage: _avx512 pack FILE... > ARCHIVE, or as the first process of a machine")
		os.Exit(2)
	}
	// The kernel's log reaches the serial port without an interrupt, which a write to
	// the port's own device waits for.
	log, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		os.Exit(1) // the kernel panics and says so
	}
	say := func(format string, args ...any) { fmt.Fprintf(log, "<0>kernels: "+format+"\n", args...) }
	if err := tests(say); err != nil {
		say("FAIL: %v", err)
	} else {
		say("all passed")
	}
	say("power off: %v", syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF))
}

// tests runs every pattern of /src/tests, and says what the tests print.
func tests(say func(format string, args ...any)) error {
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return err
	}
	has := map[string]bool{}
	for _, field := range strings.Fields(string(cpu)) {
		has[field] = true
	}
	for _, flag := range []string{"avx512f", "avx512dq", "avx512bw", "avx512vl"} {
		if !has[flag] {
			return fmt.Errorf("the processor has no %s", flag)
		}
	}
	patterns, err := os.ReadFile("/src/tests")
	if err != nil {
		return err
	}
	failed := 0
	for _, pattern := range strings.Fields(string(patterns)) {
		passed, err := run(pattern, say)
		if err != nil {
			failed++
			say("FAIL %s: %v", pattern, err)
			continue
		}
		say("ok %s, %d passed", pattern, passed)
	}
	if failed > 0 {
		return fmt.Errorf("%d of the patterns", failed)
	}
	return nil
}

// run runs the tests that match a pattern and counts those that passed. None is an
// error, and so is one that was skipped.
func run(pattern string, say func(format string, args ...any)) (passed int, err error) {
	// This form says at once what passed; it marks the beginning of what it says.
	const form, mark = "-test.v=test2json", "\x16"
	cmd := exec.Command("/src/kernels.test", form, "-test.timeout=0", "-test.run="+pattern)
	cmd.Dir = "/src"
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	skipped := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := strings.TrimSpace(strings.ReplaceAll(lines.Text(), mark, ""))
		switch {
		case strings.HasPrefix(line, "=== "), line == "":
			continue
		case strings.HasPrefix(line, "--- PASS: "):
			passed++
		case strings.HasPrefix(line, "--- SKIP: "):
			skipped++
		}
		say("%s", line)
	}
	if err := cmd.Wait(); err != nil {
		return passed, err
	}
	if passed == 0 || skipped > 0 {
		return passed, fmt.Errorf("%d passed, %d skipped", passed, skipped)
	}
	return passed, nil
}

// pack writes an archive of the devices and folders that a Go program needs and of
// files: the first as /init, the others in /src. Its form is cpio's "newc", see
// Documentation/driver-api/early-userspace/buffer-format.rst of Linux.
func pack(w io.Writer, files []string) error {
	const folder, device, program = 0o040755, 0o020666, 0o100755
	var err error
	inode := 0
	entry := func(name string, mode int, data []byte, major, minor int) {
		inode++
		head := "070701"
		for _, v := range []int{inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name) + 1, 0} {
			head += fmt.Sprintf("%08x", v)
		}
		head += name + "\x00"
		for _, part := range []string{head, string(data)} {
			if err == nil {
				_, err = io.WriteString(w, part+strings.Repeat("\x00", -len(part)&3))
			}
		}
	}
	for _, name := range []string{"dev", "proc", "tmp", "src"} {
		entry(name, folder, nil, 0, 0)
	}
	entry("dev/console", device, nil, 5, 1)
	entry("dev/kmsg", device, nil, 1, 11)
	entry("dev/null", device, nil, 1, 3)
	entry("dev/urandom", device, nil, 1, 9)
	for i, file := range files {
		data, readErr := os.ReadFile(file)
		if readErr != nil {
			return readErr
		}
		name := "src/" + filepath.Base(file)
		if i == 0 {
			name = "init"
		}
		entry(name, program, data, 0, 0)
	}
	entry("TRAILER!!!", 0, nil, 0, 0)
	return err
}

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
)

// sshd runs an sshd on this machine that knows one key. It returns a program in ssh's
// place that takes any host for it, the program that is innate there, and the file with
// the number of the newest ssh's process.
func (d *desk) sshd() (ssh, there, pidFile string) {
	t := d.t
	t.Helper()
	server := "/usr/sbin/sshd"
	if found, err := exec.LookPath("sshd"); err == nil {
		server = found
	}
	for _, program := range []string{server, "ssh", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here", program)
		}
	}
	dir, err := os.MkdirTemp("", "sshd")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, key := range []string{"host", "me"} {
		out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", in(key)).CombinedOutput()
		if err != nil {
			t.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	address := free.Addr().(*net.TCPAddr)
	check(t, free.Close())
	check(t, os.WriteFile(in("sshd_config"), fmt.Appendf(nil, "Port %d\nListenAddress 127.0.0.1\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\n"+
		"StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n", address.Port, in("host"), in("me.pub")), 0o600))
	if out, err := exec.Command(server, "-t", "-f", in("sshd_config")).CombinedOutput(); err != nil {
		t.Skipf("sshd does not start here: %v %s", err, out)
	}
	cmd := exec.Command(server, "-D", "-e", "-f", in("sshd_config"))
	log, err := os.Create(in("log"))
	check(t, err)
	defer log.Close()
	cmd.Stderr = log
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
		if t.Failed() {
			text, _ := os.ReadFile(in("log"))
			t.Logf("sshd said:\n%s", text)
		}
	})
	waitFor(t, "sshd to listen", func() bool {
		conn, err := net.Dial("tcp", address.String())
		if err == nil {
			conn.Close()
		}
		return err == nil
	})

	me, err := user.Current()
	check(t, err)
	check(t, os.WriteFile(in("config"), fmt.Appendf(nil, "Host *\nHostName 127.0.0.1\nPort %d\nUser %s\nIdentityFile %s\nIdentitiesOnly yes\n"+
		"UserKnownHostsFile %s\nStrictHostKeyChecking accept-new\n", address.Port, me.Username, in("me"), in("known")), 0o600))
	ssh, there, pidFile = in("ssh"), in("innate"), in("pid")
	check(t, os.WriteFile(ssh, fmt.Appendf(nil, "#!/bin/sh\necho $$ >%s\nexec ssh -F %s \"$@\"\n", pidFile, in("config")), 0o755))
	script := "#!/bin/sh\n" // sshd hands none of our environment over
	for _, kv := range d.env {
		if key, value, _ := strings.Cut(kv, "="); strings.HasPrefix(key, "INNATE_") || key == "PATH" || key == "TMPDIR" || strings.HasPrefix(key, "XDG_") {
			script += fmt.Sprintf("export %s='%s'\n", key, strings.ReplaceAll(value, "'", `'\''`))
		}
	}
	check(t, os.WriteFile(there, []byte(script+"exec innate \"$@\"\n"), 0o755))
	return ssh, there, pidFile
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/models/published"
	"innate/trainer/remote"
	"innate/trainer/run"
)

// fakeSSH writes a program that is called as ssh is, and runs innate here: the
// program at binary, with its own environment. It greets as some login shells do,
// and knows one host.
func fakeSSH(t *testing.T, binary, env string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ssh")
	script := `#!/bin/sh
while [ "$1" != -- ]; do shift; done
[ "$2" = host ] || { echo "ssh: Could not resolve hostname $2" >&2; exit 255; }
shift 3
echo "Welcome to host"
` + fmt.Sprintf("exec env %s %s \"$@\"\n", env, binary)
	check(t, os.WriteFile(path, []byte(script), 0o755))
	return path
}

// elsewhere runs a command line with an environment of its own.
func elsewhere(t *testing.T, env map[string]string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	c := &cli{out: &out, err: &err, getenv: func(key string) string { return env[key] }}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	status = c.main(ctx, args)
	return status, out.String(), err.String()
}

// stopped makes a runs directory with two runs, of which it is known how far they
// came.
func stopped(t *testing.T) (runs string) {
	t.Helper()
	runs = t.TempDir()
	for i, name := range []string{"00000-tiny", "00001-other"} {
		dir := filepath.Join(runs, name)
		check(t, os.MkdirAll(filepath.Join(dir, run.SamplesDir), 0o755))
		check(t, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte(tinyRun), 0o644))
		check(t, run.WriteStatus(dir, run.Status{Version: run.Version, State: run.StateStopped, Nimg: int64(1000 * (i + 1)), TotalNimg: 9000}))
	}
	return runs
}

// TestRemoteList lists runs over a program in ssh's place.
func TestRemoteList(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	check(t, err)
	runs := stopped(t)
	env := map[string]string{remote.SSHVariable: fakeSSH(t, self, "INNATE_TEST_MAIN=1")}
	for _, c := range []struct {
		address string
		status  int
		want    string
		not     string
	}{
		{"ssh://host?runs=" + runs, 0, "00001-other  stopped", "none"},
		{"ssh://host/0?runs=" + runs, 0, "00000-tiny  stopped  1.0/9", "other"},
		{"ssh://host/7?runs=" + runs, 1, `host: run "7": none there`, "RUN"},
		{"ssh://nowhere", 1, "nowhere: ", "RUN"},
		{"ssh://nowhere", 1, "Could not resolve hostname nowhere", "RUN"},
		{"ssh://-oProxyCommand=touch", 2, "begins with -", "RUN"},
	} {
		status, out, said := elsewhere(t, env, "ls", c.address)
		if status != c.status || !strings.Contains(out+said, c.want) || strings.Contains(out, c.not) {
			t.Errorf("ls %s: status %d, %q %q, want %d and %q without %q", c.address, status, out, said, c.status, c.want, c.not)
		}
	}
	if status, _, said := elsewhere(t, map[string]string{remote.SSHVariable: "true"}, "ls", "ssh://host"); status != 1 || !strings.Contains(said, "no innate serve there") {
		t.Errorf("a program that says nothing: status %d, %q", status, said)
	}
}

// TestServe refuses what would serve runs to those who should not have them.
func TestServe(t *testing.T) {
	t.Parallel()
	runs := stopped(t)
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{1, "got no token", []string{"--listen", "0.0.0.0:0"}},
		{1, "got no token", []string{"--listen", "127.0.0.1:0"}},
		{2, "got no --listen", []string{"--token-file", "F"}},
		{2, "got no --listen", []string{"--allow-new"}},
		{1, "no such file", []string{"--listen", "127.0.0.1:0", "--token-file", filepath.Join(runs, "F")}},
		{1, "none in", []string{"7", "--listen", "127.0.0.1:0"}},
		{2, "want one RUN", []string{"1", "2"}},
	} {
		if status, _, said := elsewhere(t, nil, append([]string{"serve", "--runs", runs}, c.args...)...); status != c.status || !strings.Contains(said, c.want) {
			t.Errorf("serve %s: status %d, %q, want %d and %q", c.args, status, said, c.status, c.want)
		}
	}
}

// TestServeTCP lists the one run that is served, by its token.
func TestServeTCP(t *testing.T) {
	t.Parallel()
	runs := stopped(t)
	c := &cli{out: &bytes.Buffer{}, getenv: os.Getenv, runs: runs}
	s, err := c.server([]string{"other"}, false)
	check(t, err)
	if s.Fork != nil || s.Analyze != nil {
		t.Error("a token that was given out to watch and steer runs makes new ones")
	}
	token := strings.Repeat("secret", 5)
	l, err := remote.Listen("127.0.0.1:0", token)
	check(t, err)
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.ServeListener(ctx, l, token) }()
	address := "tcp://" + l.Addr().String()
	status, out, said := elsewhere(t, map[string]string{remote.TokenVariable: token}, "ls", address)
	if status != 0 || !strings.Contains(out, "00001-other") || strings.Contains(out, "tiny") {
		t.Errorf("status %d, %q %q", status, out, said)
	}
	if status, _, said := elsewhere(t, map[string]string{remote.TokenVariable: token + "x"}, "ls", address); status != 1 || !strings.Contains(said, "Authorization: Bearer") || strings.Contains(said, token) {
		t.Errorf("another token: status %d, %q", status, said)
	}
	end()
	check(t, <-ended)
}

// TestRemoteShow draws a run over a program in ssh's place, with its samples.
func TestRemoteShow(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	check(t, err)
	runs := stopped(t)
	var picture bytes.Buffer
	check(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 28, 28))))
	check(t, os.WriteFile(filepath.Join(runs, "00000-tiny", run.SamplesDir, "000001000.png"), picture.Bytes(), 0o644))
	env := map[string]string{remote.SSHVariable: fakeSSH(t, self, "INNATE_TEST_MAIN=1")}
	status, out, said := elsewhere(t, env, "show", "ssh://host/0?runs="+runs, "--width", "120", "--height", "40")
	if status != 0 || !strings.Contains(out, "00000-tiny") || !strings.Contains(out, "stopped") || !strings.Contains(out, "on host") || strings.Contains(out, "no such") {
		t.Errorf("status %d, %s%s", status, out, said)
	}
	if status, out, said = elsewhere(t, env, "show", "ssh://host/0?runs="+runs, "--view", "samples", "--width", "120", "--height", "40"); status != 0 || !strings.Contains(out, "1 of 1") {
		t.Errorf("samples: status %d, %s%s", status, out, said)
	}
	copies, err := filepath.Glob(filepath.Join(os.Getenv(published.Variable), "remote", "*", "runs", "00000-tiny", run.SamplesDir, "000001000.png"))
	check(t, err)
	arrived := slices.ContainsFunc(copies, func(path string) bool {
		b, err := os.ReadFile(path)
		return err == nil && bytes.Equal(b, picture.Bytes())
	})
	if !arrived {
		t.Errorf("the sample that was shown is in none of %q", copies)
	}
	if status, _, said := elsewhere(t, env, "show", "ssh://host"); status != 2 || !strings.Contains(said, "got no run") {
		t.Errorf("no run: status %d, %q", status, said)
	}
}

package remote_test

import (
	"strings"
	"testing"

	"innate/trainer/remote"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want remote.Address
		args string
	}{
		{"ssh://gpu", remote.Address{Scheme: "ssh", Host: "gpu"}, "-T -C -e none -o ServerAliveInterval=15 -o ConnectTimeout=30 -o BatchMode=yes -- gpu innate serve"},
		{"ssh://me@gpu.example:2222/3", remote.Address{Scheme: "ssh", Host: "me@gpu.example", Port: "2222", Run: "3"}, "-T -C -e none -o ServerAliveInterval=15 -o ConnectTimeout=30 -o BatchMode=yes -p 2222 -- me@gpu.example innate serve"},
		{"ssh://gpu/00003-tiny?runs=/data/my.runs&innate=~/bin/innate", remote.Address{Scheme: "ssh", Host: "gpu", Run: "00003-tiny", Runs: "/data/my.runs", Innate: "~/bin/innate"}, "-T -C -e none -o ServerAliveInterval=15 -o ConnectTimeout=30 -o BatchMode=yes -- gpu ~/bin/innate serve --runs /data/my.runs"},
		{"ssh://[fe80::1]/3", remote.Address{Scheme: "ssh", Host: "fe80::1", Run: "3"}, "-T -C -e none -o ServerAliveInterval=15 -o ConnectTimeout=30 -o BatchMode=yes -- fe80::1 innate serve"},
		{"tcp://127.0.0.1:7070/3", remote.Address{Scheme: "tcp", Host: "127.0.0.1:7070", Run: "3"}, ""},
		{"tcp://[::1]:7070", remote.Address{Scheme: "tcp", Host: "[::1]:7070"}, ""},
	} {
		got, err := remote.ParseAddress(c.text)
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v", c.text, got, err)
		}
		if args := strings.Join(remote.SSHArgs(got), " "); c.args != "" && args != c.args {
			t.Errorf("%s: got %s\nwant %s", c.text, args, c.args)
		}
	}
	for _, text := range []string{
		"ssh://", "ssh:///3", "ssh://-oProxyCommand=x", "ssh://-oProxyCommand=x/3", "ssh://-l@gpu", "ssh://me@-gpu", "ssh://me:secret@gpu",
		"ssh://gpu/../etc", "ssh://gpu/a/b", "ssh://gpu/.hidden", "ssh://gpu/%00", "ssh://gpu;ls", "ssh://gpu%20ls", "ssh://gpu?runs=/a;ls", "ssh://gpu?runs=$(ls)",
		"ssh://gpu?runs=-x", "ssh://gpu?runs=a%20b", "ssh://gpu?runs=`ls`", "ssh://gpu?runs='a'", "ssh://gpu?runs=", "ssh://gpu?innate=a%0Ab", "ssh://gpu?what=1", "ssh://gpu?runs=a&runs=b", "ssh://gpu#x",
		"tcp://gpu", "tcp://me@gpu:7070", "tcp://gpu:7070?runs=a", "tcp://:7070", "http://gpu:7070", "ssh:gpu", "://", "ssh://gpu:port",
	} {
		if a, err := remote.ParseAddress(text); err == nil || strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("%q: got %+v, %v", text, a, err)
		}
	}
}

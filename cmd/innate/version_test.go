package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	for _, c := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, "innate (devel), commit unknown, go"},
		{&debug.BuildInfo{Main: debug.Module{Version: "v0.1.0"}}, "innate v0.1.0, commit unknown, go"},
		{&debug.BuildInfo{Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}, {Key: "vcs.modified", Value: "true"},
		}}, "innate (devel), commit 0123456789ab and changes, go"},
	} {
		if got := readBuild(c.info).String(); !strings.HasPrefix(got, c.want) || !strings.Contains(got, ", kernels ") {
			t.Errorf("got %q, want %q and the kernels", got, c.want)
		}
	}
}

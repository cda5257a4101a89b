package run

import (
	"bytes"
	"fmt"
	"os"
)

// suspended reports whether a process of this machine was stopped by a signal, as
// schedulers do to make room, and answers nobody until it is continued: state T
// of /proc/PID/stat, behind the name in brackets.
func suspended(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(b[bytes.LastIndexByte(b, ')')+1:], []byte(" "))
	return len(rest) > 0 && (rest[0] == 'T' || rest[0] == 't')
}

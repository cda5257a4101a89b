package remote

import (
	"bufio"
	"io"
	"os"
)

// HashOf is the version of a file's text, and the tail of a growing file.
func HashOf(b []byte) string { return hashOf(b) }

// SSHArgs are the arguments of ssh where nobody can be asked for a password.
func SSHArgs(a Address) []string { return a.sshArgs(false) }

// StampAt is the stamp of a file here.
func StampAt(path string) Stamp {
	info, err := os.Stat(path)
	if err != nil {
		return Stamp{}
	}
	return stampOf(info)
}

// AwaitGreeting reads a greeting, and what follows.
func AwaitGreeting(r io.Reader) (rest string, err error) {
	buffered := bufio.NewReader(r)
	if err := awaitGreeting(buffered); err != nil {
		return "", err
	}
	b, err := io.ReadAll(buffered)
	return string(b), err
}

// Put writes a file of a copy.
func Put(to *os.Root, name string, text []byte) error { return put(to, name, text, Stamp{}) }

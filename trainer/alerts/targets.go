package alerts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"innate/trainer/run"
)

// FileName is the user's file, in Path.
const FileName = "alerts.toml"

// maxFile bounds it, in bytes.
const maxFile = 64 << 10

// Targets are where alerts go. The zero value is nowhere.
type Targets struct {
	Webhook string   `toml:"webhook"` // http or https
	Command []string `toml:"command"` // a program and its arguments
}

// Any reports whether there is any.
func (t Targets) Any() bool { return t.Webhook != "" || len(t.Command) > 0 }

// String names them, without what is secret.
func (t Targets) String() string {
	var names []string
	if u, err := url.Parse(t.Webhook); err == nil && t.Webhook != "" {
		names = append(names, "a webhook of "+u.Host)
	}
	if len(t.Command) > 0 {
		names = append(names, "the command "+run.OneLine(t.Command[0]))
	}
	if names == nil {
		return "nowhere"
	}
	return strings.Join(names, " and ")
}

// Path is where the user's file lies, whether or not it is there; "" for a user
// without a home.
func Path(getenv func(string) string) string {
	dir := getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // which the specification says to ignore
		home := getenv("HOME")
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "innate", FileName)
}

// Read reads the user's file. Without one alerts go nowhere. One that others may
// write is an error: it names a program that would run as this user.
func Read(path string) (t Targets, err error) {
	if path == "" {
		return t, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("alerts: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return t, fmt.Errorf("alerts: %w", err)
	case !info.Mode().IsRegular():
		return t, fmt.Errorf("alerts: %s: got %v, want a regular file", path, info.Mode().Type())
	case info.Mode().Perm()&0o022 != 0:
		return t, fmt.Errorf("alerts: %s: mode %#o, want one that only its owner may write: chmod go-w", path, info.Mode().Perm())
	case !ownedByUs(info):
		return t, fmt.Errorf("alerts: %s: it belongs to another user", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("more than %d bytes", maxFile)
	}
	if err != nil {
		return t, fmt.Errorf("alerts: %s: %w", path, err)
	}
	meta, err := toml.Decode(string(text), &t)
	if err != nil {
		return Targets{}, fmt.Errorf("alerts: %s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return Targets{}, fmt.Errorf("alerts: %s: %s: no such setting, want webhook and command", path, run.OneLine(unknown[0].String()))
	}
	if err := t.check(); err != nil {
		return Targets{}, fmt.Errorf("alerts: %s: %w", path, err)
	}
	return t, nil
}

// check refuses what could never be sent to. Its messages leave the address out.
func (t Targets) check() error {
	if t.Webhook != "" {
		u, err := url.Parse(t.Webhook)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return errors.New("webhook: want an address that begins with https:// or http://")
		}
	}
	if len(t.Command) > 0 && t.Command[0] == "" {
		return errors.New(`command: got "", want a program and its arguments, such as ["notify-send", "innate"]`)
	}
	return nil
}

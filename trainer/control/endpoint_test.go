package control_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// quick makes a server look after its socket all the time.
var quick = control.Limits{LookEvery: 2 * time.Millisecond}

// longDir is a run directory whose path no socket could have; sockets of such
// runs lie under base.
func longDir(t *testing.T, base string) string {
	t.Helper()
	t.Setenv("TMPDIR", base)
	dir := filepath.Join(shortDirIn(t, "/tmp"), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// eventually asks until the answer is right.
func eventually(t *testing.T, what string, ok func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if err = ok(); err == nil {
			return
		}
	}
	t.Errorf("%s: %v", what, err)
}

// TestFaultSocketRemoved takes a live trainer's socket away in every way that
// was met. Clients find the trainer again, those that stream stay, and what is
// made anew is private and goes with the server.
func TestFaultSocketRemoved(t *testing.T) {
	remove := func(t *testing.T, path string) {
		// In one step: what is removed file by file may be made again meanwhile.
		if err := os.Rename(path, filepath.Join(shortDirIn(t, "/tmp"), "gone")); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		long bool
		take func(t *testing.T, s *control.Server, dir, base string)
	}{
		"the socket": {false, func(t *testing.T, s *control.Server, _, _ string) { remove(t, s.Path()) }},
		"a file in its place": {false, func(t *testing.T, s *control.Server, _, _ string) {
			remove(t, s.Path())
			if err := os.WriteFile(s.Path(), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		"a pointer elsewhere": {false, func(t *testing.T, _ *control.Server, dir, _ string) {
			if err := os.WriteFile(filepath.Join(dir, run.SocketFile+".path"), []byte("/nowhere/s\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		"the socket of a long path": {true, func(t *testing.T, s *control.Server, _, _ string) { remove(t, s.Path()) }},
		"its directory":             {true, func(t *testing.T, s *control.Server, _, _ string) { remove(t, filepath.Dir(s.Path())) }},
		"all of TMPDIR":             {true, func(t *testing.T, _ *control.Server, _, base string) { remove(t, base) }},
		"the pointer": {true, func(t *testing.T, _ *control.Server, dir, _ string) {
			remove(t, filepath.Join(dir, run.SocketFile+".path"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			base := shortDirIn(t, "/tmp")
			dir := shortDirIn(t, "/tmp")
			if c.long {
				dir = longDir(t, base)
			}
			runner := &fakeRunner{state: run.StateRunning}
			hub := control.NewHub(runner)
			s, err := control.Serve(dir, runner, control.Options{Hub: hub}.WithLimits(quick))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			client := control.NewClient(dir)
			stream, err := client.Stream(within(t), control.MessageEvent)
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Close()
			c.take(t, s, dir, base)
			eventually(t, "pause", func() error { _, err := client.Pause(within(t)); return err })
			hub.Send(lineOf(t, runlog.Event{Kind: "pause", Text: "still here"}))
			if m, err := stream.Next(); err != nil || m.Event.Text != "still here" {
				t.Errorf("the stream from before: %+v, %v", m.Event, err)
			}
			if info, err := os.Lstat(s.Path()); err != nil || info.Mode().Type() != os.ModeSocket || info.Mode().Perm() != 0o600 {
				t.Errorf("made again as %v, %v, want a socket with mode 0600", info, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Lstat(s.Path()); !os.IsNotExist(err) {
				t.Errorf("closed, the socket is still there: %v", err)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
				t.Errorf("closed, the run directory holds %v, %v", entries, err)
			}
		})
	}
}

// TestFaultSocketOutlivesLogin places no socket, and no note of the run, in a
// directory that goes at logout.
func TestFaultSocketOutlivesLogin(t *testing.T) {
	login, base := shortDirIn(t, "/tmp"), shortDirIn(t, "/tmp")
	t.Setenv("XDG_RUNTIME_DIR", login)
	for _, tmp := range []string{base, login, filepath.Join(login, "tmp")} {
		dir := longDir(t, base)
		t.Setenv("TMPDIR", tmp)
		if err := os.MkdirAll(tmp, 0o700); err != nil {
			t.Fatal(err)
		}
		s := serve(t, dir, &fakeRunner{})
		forget, err := control.Register(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, left := range []string{"innate-*", "*/innate-*"} {
			if made, _ := filepath.Glob(filepath.Join(login, left)); len(made) > 0 {
				t.Errorf("TMPDIR=%s: %v lies in the login's directory", tmp, made)
			}
		}
		if tmp == base && !strings.HasPrefix(s.Path(), base) {
			t.Errorf("got socket %s, want it under TMPDIR=%s", s.Path(), base)
		}
		if err := os.RemoveAll(login); err != nil { // the logout
			t.Fatal(err)
		}
		if _, err := control.NewClient(dir).Status(within(t)); err != nil {
			t.Errorf("TMPDIR=%s: after the logout: %v", tmp, err)
		}
		forget()
	}
}

// TestFaultTokenRemoved removes the token that TCP clients read: it is written
// again, the same, to be read by its owner alone.
func TestFaultTokenRemoved(t *testing.T) {
	s, dir, token := listening(t, quick)
	path := filepath.Join(dir, run.TokenFile)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the token", func() error {
		b, err := os.ReadFile(path)
		if err == nil && string(b) != token+"\n" {
			err = fmt.Errorf("got %q, want %q", b, token+"\n")
		}
		return err
	})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 0600", info, err)
	}
	req, err := http.NewRequest("GET", "http://"+s.Addr()+"/v1/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("got %s", resp.Status)
	}
}

// TestFaultDirectoryGone removes the run directory: no server makes it again, or
// a socket in what has taken its place.
func TestFaultDirectoryGone(t *testing.T) {
	dir := shortDir(t)
	s, err := control.Serve(dir, &fakeRunner{}, control.Options{}.WithLimits(quick))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is there again: %v", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("another directory of the name got %v, %v", entries, err)
	}
}

// TestFaultRegistryCleaned loses its note of a run to whatever cleans the
// temporary directory, and makes it again.
func TestFaultRegistryCleaned(t *testing.T) {
	base := shortDirIn(t, "/tmp")
	t.Setenv("TMPDIR", base)
	dir := makeRun(t, shortDir(t), "00001-a")
	defer hold(t, dir, "1")()
	forget, err := control.RegisterEvery(dir, 2*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	known := func() error {
		if runs, err := control.Registered(); err != nil || len(runs) != 1 || runs[0].Dir != dir {
			return fmt.Errorf("got %+v, %v, want the run", runs, err)
		}
		return nil
	}
	if err := known(); err != nil {
		t.Error(err)
	}
	// In one step: what is removed file by file may be made again meanwhile.
	if err := os.Rename(filepath.Join(base, fmt.Sprintf("innate-%d", os.Getuid())), filepath.Join(base, "gone")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the registry", known)
	forget()
	if runs, err := control.Registered(); err != nil || len(runs) != 0 {
		t.Errorf("forgotten: got %+v, %v", runs, err)
	}
}

// TestFaultCopiedRun asks a copy of a live run whose socket lies elsewhere: its
// pointer, which came along, must not lead to the trainer of the other run. By
// another name of its own directory a run is reached.
func TestFaultCopiedRun(t *testing.T) {
	base := shortDirIn(t, "/tmp")
	t.Setenv("TMPDIR", base)
	dir := longDir(t, base)
	runner := &fakeRunner{state: run.StateRunning}
	s, err := control.Serve(dir, runner, control.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if filepath.Dir(s.Path()) == dir {
		t.Fatalf("the socket is %s, want it elsewhere", s.Path())
	}
	copied := filepath.Join(base, "copy")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := control.NewClient(copied).Pause(within(t)); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("a copy: got %v, want %v", err, control.ErrNotRunning)
	}
	if runner.Status().State != run.StateRunning {
		t.Error("a command to the copy paused the run it was copied from")
	}
	link := filepath.Join(base, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if _, err := control.NewClient(link).Pause(within(t)); err != nil {
		t.Errorf("by a link: %v", err)
	}
}

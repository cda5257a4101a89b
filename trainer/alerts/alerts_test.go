package alerts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"innate/trainer/alerts"
	"innate/trainer/run"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hook is a webhook that keeps what it gets, and answers with codes, the last of
// which it repeats.
type hook struct {
	*httptest.Server
	mu    sync.Mutex
	got   []alerts.Alert
	tries int
}

func newHook(t *testing.T, codes ...int) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		code := codes[min(h.tries, len(codes)-1)]
		h.tries++
		var a alerts.Alert
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &a)
		}
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s with %q, %v", r.Method, body, err)
		}
		if code/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		if code == 200 {
			h.got = append(h.got, a)
		}
		w.WriteHeader(code)
	}))
	t.Cleanup(h.Close)
	return h
}

// userFile writes alerts.toml.
func userFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), alerts.FileName)
	check(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		text string
		mode os.FileMode
		want string // of the error, or of the targets
	}{
		{`webhook = "https://hooks.example.org/secret"`, 0o600, "a webhook of hooks.example.org"},
		{`command = ["true", "x"]`, 0o644, "the command true"},
		{"webhook = 'http://a/b'\ncommand = ['c']", 0o600, "a webhook of a and the command c"},
		{"", 0o600, "nowhere"},
		{`command = ["true"]`, 0o666, "mode 0666, want one that only its owner may write"},
		{`command = "rm -rf /"`, 0o600, "incompatible types"},
		{`comand = ["true"]`, 0o600, "comand: no such setting, want webhook and command"},
		{`command = [""]`, 0o600, `command: got "", want a program`},
		{`webhook = "ftp://secret@x"`, 0o600, "webhook: want an address"},
		{`webhook = "%zz"`, 0o600, "webhook: want an address"},
		{"webhook = ", 0o600, "expected value"},
		{"# " + strings.Repeat("x", 65<<10), 0o600, "more than 65536 bytes"},
	} {
		path := userFile(t, c.text)
		check(t, os.Chmod(path, c.mode))
		got, err := alerts.Read(path)
		if said := fmt.Sprint(got, " ", err); !strings.Contains(said, c.want) || strings.Contains(said, "secret") {
			t.Errorf("%.40s: got %s, want %s, and no secret", c.text, said, c.want)
		}
	}
	if got, err := alerts.Read(filepath.Join(t.TempDir(), "none")); got.Any() || err != nil {
		t.Errorf("without a file: %v, %v", got, err)
	}
	if _, err := alerts.Read(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
}

func TestPath(t *testing.T) {
	for _, c := range []struct{ config, home, want string }{
		{"/x", "/home/u", "/x/innate/alerts.toml"},
		{"", "/home/u", "/home/u/.config/innate/alerts.toml"},
		{"relative", "/home/u", "/home/u/.config/innate/alerts.toml"},
		{"", "", ""},
	} {
		env := map[string]string{"XDG_CONFIG_HOME": c.config, "HOME": c.home}
		if got := alerts.Path(func(k string) string { return env[k] }); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

func TestWebhook(t *testing.T) {
	alerts.Hurry(t)
	a := alerts.New(alerts.Best, run.Status{Run: "3-x", Dir: "/r", State: run.StateRunning, Nimg: 2000, LastFID: new(4.5)}, "FID 4.50")
	for _, c := range []struct {
		codes []int
		tries int
		want  string // of the error
	}{
		{[]int{200}, 1, ""},
		{[]int{503, 500, 200}, 3, ""},
		{[]int{429, 200}, 2, ""},
		{[]int{500}, 3, "500 Internal Server Error"},
		{[]int{404}, 1, "404 Not Found"},
		{[]int{302}, 1, "want an address that leads nowhere else"},
	} {
		h := newHook(t, c.codes...)
		err := alerts.Targets{Webhook: h.URL + "/secret"}.Send(t.Context(), a)
		if said := fmt.Sprint(err); (err == nil) != (c.want == "") || !strings.Contains(said, c.want) || strings.Contains(said, "/secret") {
			t.Errorf("%v: got %v, want %q", c.codes, err, c.want)
		}
		if h.tries != c.tries || (c.want == "") != (len(h.got) == 1) {
			t.Errorf("%v: %d tries, %d got", c.codes, h.tries, len(h.got))
		}
		if len(h.got) == 1 {
			if got := h.got[0]; got.Kind != alerts.Best || got.Text != "3-x: FID 4.50" || got.Nimg != 2000 || *got.Value != 4.5 || got.Version != 1 {
				t.Errorf("got %+v", got)
			}
		}
	}
	gone := newHook(t, 200)
	gone.Close()
	if err := (alerts.Targets{Webhook: gone.URL + "/secret"}).Send(t.Context(), a); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a server that has gone: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (alerts.Targets{Webhook: gone.URL}).Send(ctx, a); err == nil {
		t.Error("a context that has ended sent an alert")
	}
}

// TestCommand runs programs that see what happened, and nothing of which a shell
// has read.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	evil := "$(touch " + dir + "/pwned); `touch " + dir + "/pwned`\x00\n"
	a := alerts.New(alerts.Died, run.Status{Run: "1-" + evil, Dir: dir}, evil)
	script := `cat > "$1"; echo "$INNATE_ALERT $INNATE_ALERT_KIMG $INNATE_ALERT_TEXT $PWD" >> "$1"`
	check(t, alerts.Targets{Command: []string{"sh", "-c", script, "sh", out}}.Send(t.Context(), a))
	b, err := os.ReadFile(out)
	check(t, err)
	first, rest, _ := strings.Cut(string(b), "\n")
	var got alerts.Alert
	if err := json.Unmarshal([]byte(first), &got); err != nil || got.Kind != alerts.Died || got.Run != "1-"+evil {
		t.Errorf("standard input %q: %v", first, err)
	}
	if !strings.HasPrefix(rest, "died 0.000 1-$(touch") || !strings.HasSuffix(rest, " /\n") {
		t.Errorf("environment %q", rest)
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("what happened was run")
	}
	for _, c := range []struct {
		command []string
		want    string
	}{
		{[]string{"sh", "-c", "echo no such chat >&2; exit 3"}, "command sh: exit status 3: no such chat"},
		{[]string{"innate-no-such-program"}, "not found"},
		{[]string{"false"}, "command false: exit status 1"},
		{[]string{"sh", "-c", "sleep 300 & sleep 300"}, "command sh: killed after"},
	} {
		if strings.Contains(c.want, "killed") {
			alerts.HurryCommand(t)
		}
		if err := (alerts.Targets{Command: c.command}).Send(t.Context(), a); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %s", c.command, err, c.want)
		}
	}
}

// TestSender sends in order, keeps errors for who asks, and neither waits for a
// webhook that hangs nor for more than a few alerts.
func TestSender(t *testing.T) {
	alerts.Hurry(t)
	h := newHook(t, 200, 404)
	s := alerts.NewSender(userFile(t, "webhook = '"+h.URL+"'"))
	for i := range 2 {
		check(t, s.Send(alerts.New(alerts.Done, run.Status{Run: fmt.Sprint(i)}, "done")))
	}
	s.Close(time.Minute)
	if err := s.Err(); err == nil || s.Err() != nil || len(h.got) != 1 || h.got[0].Run != "0" {
		t.Errorf("got %v and %v, want the first alert, and an error for the second", h.got, err)
	}

	hangs := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hangs:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(hangs)
	s = alerts.NewSender(userFile(t, "webhook = '"+slow.URL+"'"))
	dropped := 0
	for range 40 {
		if err := s.Send(alerts.New(alerts.Best, run.Status{}, "x")); err != nil {
			dropped++
		}
	}
	if dropped < 20 {
		t.Errorf("%d of 40 dropped, want all beyond the queue", dropped)
	}
	s.Close(0)
}

// TestWatch has trainers end in several ways.
func TestWatch(t *testing.T) {
	h := newHook(t, 200)
	path := userFile(t, "webhook = '"+h.URL+"'")
	at := func(state string, pid int) string {
		dir := t.TempDir()
		check(t, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte("method = 'edm'\n"), 0o644))
		check(t, run.WriteStatus(dir, run.Status{State: state, PID: pid, Nimg: 3000, CheckpointNimg: 2000, Started: time.Unix(5, 0)}))
		return dir
	}
	watch := func(dir, said string) {
		t.Helper()
		check(t, alerts.Watch(t.Context(), dir, path, strings.NewReader(said)))
	}
	died := at(run.StateRunning, 7)
	watch(died, "7\nended\n")
	watch(at(run.StateDone, 7), "7\n")
	watch(at(run.StateRunning, 8), "7\n") // of the next one already
	silent := at(run.StateRunning, 7)
	check(t, os.WriteFile(filepath.Join(silent, run.ConfigFile), []byte("method = 'edm'\n[alerts]\nmute = ['died']\n"), 0o644))
	watch(silent, "7\n")
	if len(h.got) != 0 {
		t.Fatalf("got %+v, want nothing", h.got)
	}
	watch(died, "7\n")
	watch(died, "7\n") // has been said
	if a, err := alerts.Death(died); a != nil || err != nil {
		t.Errorf("the next trainer would say it again: %+v, %v", a, err)
	}
	if len(h.got) != 1 || h.got[0].Kind != alerts.Died || h.got[0].State != run.StateDead ||
		!strings.HasSuffix(h.got[0].Text, ": the trainer died at 3.0 kimg; innate resume continues from 2.0 kimg") {
		t.Errorf("got %+v", h.got)
	}
	if err := alerts.Watch(t.Context(), died, path, strings.NewReader("x")); err == nil {
		t.Error("watched without a pid")
	}
	// Both were killed: the next trainer finds a death.
	a, err := alerts.Death(at(run.StatePaused, 9))
	if err != nil || a == nil || a.Kind != alerts.Died {
		t.Errorf("got %+v, %v", a, err)
	}
	// The next trainer holds the lock, whose heartbeat is still that of the dead one.
	next := at(run.StateRunning, 7)
	lock, err := run.Acquire(next)
	check(t, err)
	ended := make(chan error)
	go func() { ended <- alerts.Watch(t.Context(), next, path, strings.NewReader("7\n")) }()
	if a, err := alerts.Death(next); a == nil || err != nil {
		t.Errorf("got %+v, %v", a, err)
	}
	check(t, <-ended)
	check(t, lock.Release())
	if len(h.got) != 1 {
		t.Errorf("it was said twice: %+v", h.got)
	}
}

package control_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
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

// listening serves a fake run on TCP too and returns the token.
func listening(t *testing.T, limits control.Limits) (s *control.Server, dir, token string) {
	t.Helper()
	dir = shortDir(t)
	metrics := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "innate_images_total 1\n") })
	s, err := control.Serve(dir, &fakeRunner{state: run.StateRunning},
		control.Options{Listen: "localhost:0", Metrics: metrics}.WithLimits(limits))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b, err := os.ReadFile(filepath.Join(dir, run.TokenFile))
	if err != nil {
		t.Fatal(err)
	}
	return s, dir, strings.TrimSpace(string(b))
}

func TestToken(t *testing.T) {
	s, dir, token := listening(t, control.Limits{})
	path := filepath.Join(dir, run.TokenFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || len(token) != 64 {
		t.Errorf("got %v, %v and a token of %d digits, want mode 0600 and 64", info.Mode(), err, len(token))
	}
	_, port, _ := net.SplitHostPort(s.Addr())
	for _, tt := range []struct {
		path, host, authorization string
		code                      int
	}{
		{"/v1/status", "", "Bearer " + token, 200},
		{"/v1/status", "localhost:9", "bearer  " + token, 200}, // forwarded by ssh -L 9:…
		{"/v1/status", "[::1]:" + port, "Bearer " + token, 200},
		{"/v1/status", "127.0.0.1", "Bearer " + token, 200},
		{"/v1/", "", "Bearer " + token, 200},
		{"/metrics", "", "Bearer " + token, 200},
		{"/metrics", "", "", 401},
		{"/v1/status", "", "", 401},
		{"/v1/status", "", "Bearer", 401},
		{"/v1/status", "", "Bearer " + token[:63], 401},
		{"/v1/status", "", "Bearer " + token + "0", 401},
		{"/v1/status", "", "Basic " + token, 401},
		{"/v1/nothing", "", "", 401}, // a stranger does not learn the routes
		{"/v1/stream", "", "", 401},
		{"/v1/status", "evil.example:" + port, "Bearer " + token, 421},
		{"/v1/status", "127.0.0.1.evil.example", "Bearer " + token, 421},
		{"/v1/status", "10.0.0.1:" + port, "Bearer " + token, 421},
	} {
		req, err := http.NewRequest("GET", "http://"+s.Addr()+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.host != "" {
			req.Host = tt.host
		}
		if tt.authorization != "" {
			req.Header.Set("Authorization", tt.authorization)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tt.code || strings.Contains(string(b), token) || tt.code > 400 && !strings.HasPrefix(string(b), `{"error":"control: `) {
			t.Errorf("%s %q %q: got %d %.200s, want %d", tt.path, tt.host, tt.authorization, resp.StatusCode, b, tt.code)
		}
	}
	// The socket needs none, and says where else we answer.
	if st, err := control.NewClient(dir).Status(within(t)); err != nil || st.Listen != s.Addr() {
		t.Errorf("got %q, %v, want %s", st.Listen, err, s.Addr())
	}
	stream := openStream(t, control.NewClient(dir), control.MessageStatus)
	if st := next[run.Status](t, stream, "status"); st.Listen != s.Addr() {
		t.Errorf("stream: got %q", st.Listen)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the token is still there: %v", err)
	}
}

// TestTokenIsNew finds another token after a restart, and one that a killed
// trainer left, open to all, replaced.
func TestTokenIsNew(t *testing.T) {
	_, _, first := listening(t, control.Limits{})
	dir := shortDir(t)
	path := filepath.Join(dir, run.TokenFile)
	if err := os.WriteFile(path, []byte(first+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := control.Serve(dir, &fakeRunner{}, control.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, _ := os.ReadFile(path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || strings.TrimSpace(string(b)) == first {
		t.Errorf("got %v, %v, %s, want another token in a file of mode 0600", info.Mode(), err, b)
	}
}

func TestListenRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tt := range []struct{ addr, want string }{
		{"0.0.0.0:7070", "control: listen 0.0.0.0:7070: not a loopback address, want 127.0.0.1:7070; from another machine use ssh -L 7070:127.0.0.1:7070 HOST"},
		{":7070", "not a loopback address"},
		{"[::]:7070", "not a loopback address"},
		{"192.0.2.1:7070", "not a loopback address"},
		{"7070", "want an address such as 127.0.0.1:7070"},
		{"127.0.0.1", "want an address such as 127.0.0.1:7070"},
		{"127.0.0.1:99999", "invalid port"},
		{taken.Addr().String(), "control: listen " + taken.Addr().String() + ": bind: address already in use"},
	} {
		dir := shortDir(t)
		_, err := control.Serve(dir, &fakeRunner{}, control.Options{Listen: tt.addr})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.addr, err, tt.want)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%s: left %v behind", tt.addr, entries)
		}
	}
}

// TestSlowRequests leaves half a request on every connection that there is:
// they are closed in time, and a client that waited is answered.
func TestSlowRequests(t *testing.T) {
	s, _, token := listening(t, control.Limits{Conns: 4, Header: 200 * time.Millisecond, Read: 200 * time.Millisecond})
	for i, half := range []string{
		"", "GET /v1/sta", "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-A: b",
		"POST /v1/set HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 100\r\n\r\n{\"set\"",
	} {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, half)
		defer func() {
			conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			if b, err := io.ReadAll(conn); err != nil && strings.Contains(err.Error(), "timeout") {
				t.Errorf("%d: still open after %q", i, b)
			}
		}()
	}
	req, _ := http.NewRequestWithContext(within(t), "GET", "http://"+s.Addr()+"/v1/status", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	start := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("got %v, %v", resp, err)
	}
	resp.Body.Close()
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("answered after %v, want the limit of connections to have held it", took)
	}
}

// TestRawRequests sends what no route should ever see.
func TestRawRequests(t *testing.T) {
	dir := shortDir(t)
	s := serve(t, dir, &fakeRunner{})
	for _, tt := range []struct{ name, request, want string }{
		{"huge header", "GET /v1/status HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", "HTTP/1.1 431 "},
		{"huge path", "GET /" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\n\r\n", "HTTP/1.1 431 "},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01hello\r\n\r\n", "HTTP/1.1 400 "},
		{"two lengths", "POST /v1/pause HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 400 "},
		{"endless body", "POST /v1/set HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
			strings.Repeat("1000\r\n"+strings.Repeat(" ", 0x1000)+"\r\n", 100), "HTTP/1.1 413 "},
	} {
		conn, err := net.Dial("unix", s.Path())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		go io.WriteString(conn, tt.request) // the server need not read it all
		line, err := bufio.NewReader(conn).ReadString('\n')
		if !strings.HasPrefix(line, tt.want) {
			t.Errorf("%s: got %q, %v, want %s", tt.name, line, err, tt.want)
		}
		conn.Close()
	}
	if _, err := control.NewClient(dir).Status(within(t)); err != nil {
		t.Error(err)
	}
}

// TestCloseWithDeafClient ends a stream whose client has stopped reading.
func TestCloseWithDeafClient(t *testing.T) {
	hub, server, _ := streaming(t, &fakeRunner{}, control.Limits{Write: time.Minute})
	deaf(t, server.Path(), "tick")
	await(t, "it is there", func() bool { return hub.Clients() == 1 })
	name := strings.Repeat("s", 64<<10)
	for range 50 {
		hub.Send(lineOf(t, runlog.Tick{Scalars: map[string]float64{name: 1}}))
	}
	start := time.Now()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("closing took %v", took)
	}
}

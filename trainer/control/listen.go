package control

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"innate/trainer/run"
)

// listenTCP listens on a loopback address, such as 127.0.0.1:7070 or
// localhost:0. Others are refused: what can stop a run and holds one secret
// without encryption has no place on a network.
func listenTCP(addr string) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("control: listen %s: %w, want an address such as 127.0.0.1:7070", addr, err)
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("control: listen %s: not a loopback address, want 127.0.0.1:%d; from another machine use ssh -L %d:127.0.0.1:%d HOST",
			addr, tcp.Port, tcp.Port, tcp.Port)
	}
	listener, err := net.ListenTCP("tcp", tcp)
	if err != nil {
		return nil, fmt.Errorf("control: listen %s: %w", addr, unwrapNet(err))
	}
	return listener, nil
}

// unwrapNet spares the address that the caller names already.
func unwrapNet(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// newToken returns a fresh secret of 256 bits.
func newToken() string {
	var secret [32]byte
	rand.Read(secret[:]) // never fails
	return hex.EncodeToString(secret[:])
}

// writeToken writes a secret into run directory dir, in a file that was never
// open to others.
func writeToken(dir, token string) error {
	path := filepath.Join(dir, run.TokenFile)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("control: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	_, err = f.WriteString(token + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
		return fmt.Errorf("control: %w", err)
	}
	return nil
}

// guard lets requests through that show the token and were meant for us: a web
// page can point a name of its own at 127.0.0.1, but not change the Host that
// the browser then sends.
func guard(next http.Handler, token string) http.Handler {
	guarded := Guard(next, token, "with the token in "+run.TokenFile+" of the run directory")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocal(r.Host) {
			refuse(w, http.StatusMisdirectedRequest, fmt.Sprintf("control: host %q, want localhost or a loopback address", r.Host))
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// Guard lets requests through that show the token; hint says in a refusal where
// that is found. Comparing takes as long for any token.
func Guard(next http.Handler, token, hint string) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(shown))) // one length, whatever was shown
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "control: want the header Authorization: Bearer TOKEN, "+hint)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Connection", "close")
	writeJSON(w, code, errorBody{text})
}

// isLocal reports whether a Host header names this machine's loopback; the port
// may be another one, forwarded by ssh.
func isLocal(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}

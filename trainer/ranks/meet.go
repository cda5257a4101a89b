package ranks

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"innate/trainer/run"
)

// notice is what run.RanksFile holds: how the leader of a run is reached, until all
// have come.
type notice struct {
	Launch    string   `json:"launch"`
	Addresses []string `json:"addresses"` // host:port
	Secret    string   `json:"secret"`
}

// hello is what a follower says first, and welcome the answer.
type hello struct {
	Secret string `json:"secret"`
	Size   int    `json:"size"`
	Arch   string `json:"arch"` // values travel as they lie in memory
	Build  string `json:"build"`
	Member
}

type welcome struct {
	Refused string   `json:"refused,omitempty"`
	Members []Member `json:"members"`
}

// Times of a meeting.
const (
	meetWithin = 5 * time.Minute // launchers start processes together, machines may be slow
	lookEvery  = 50 * time.Millisecond
	greetIn    = 10 * time.Second // a connection that is made
)

// keepAlive has the kernel notice, on a connection that is still, that the other
// machine is gone.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 3 * time.Second, Interval: time.Second, Count: 5}

// Meet brings the processes of a launch together, which all call it with the same run
// directory and build, the name of their program's version. Say, unless nil, gets a
// line when that takes long.
func Meet(ctx context.Context, place Place, dir, build string, say func(string)) (*Group, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, meetWithin, fmt.Errorf("not all have come within %v", meetWithin))
	defer cancel()
	host, _ := os.Hostname()
	me := hello{Size: place.Size, Arch: runtime.GOARCH, Build: build, Member: Member{Rank: place.Rank, Host: host, PID: os.Getpid()}}
	if say == nil {
		say = func(string) {}
	}
	if place.Leads() {
		return lead(ctx, place, dir, me, say)
	}
	return follow(ctx, place, dir, me, say)
}

// lead waits for the followers.
func lead(ctx context.Context, place Place, dir string, me hello, say func(string)) (*Group, error) {
	listen := net.ListenConfig{KeepAliveConfig: keepAlive}
	at := ":0"
	if place.SameMachine() {
		at = "127.0.0.1:0"
	}
	listener, err := listen.Listen(ctx, "tcp", at)
	if err != nil {
		return nil, fmt.Errorf("ranks: %w", err)
	}
	defer listener.Close()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	n := notice{Launch: place.Launch, Addresses: addresses(listener.Addr(), place.SameMachine()), Secret: rand.Text()}
	path := filepath.Join(dir, run.RanksFile)
	if err := n.write(path); err != nil {
		return nil, err
	}
	defer os.Remove(path)
	slow := time.AfterFunc(2*greetIn, func() { say(fmt.Sprintf("ranks: waiting for the others of %d processes", place.Size)) })
	defer slow.Stop()

	members, conns := make([]Member, place.Size), make([]net.Conn, place.Size-1)
	members[0] = me.Member
	for missing := len(conns); missing > 0; {
		conn, err := listener.Accept()
		if err != nil {
			closeAll(conns)
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return nil, fmt.Errorf("ranks: rank %d of %d is missing: %w", slices.Index(conns, nil)+1, place.Size, err)
		}
		h, err := greeted(conn, n.Secret)
		if err != nil {
			conn.Close() // none of ours
			continue
		}
		if why := me.refuses(h, members); why != "" {
			_ = writeMessage(conn, welcome{Refused: why})
			conn.Close()
			closeAll(conns)
			return nil, fmt.Errorf("ranks: %v: %s", h.Member, why)
		}
		members[h.Rank], conns[h.Rank-1] = h.Member, conn
		missing--
	}
	for i, c := range conns {
		if err := writeMessage(c, welcome{Members: members}); err != nil {
			closeAll(conns)
			return nil, fmt.Errorf("ranks: %v is gone: %w", members[i+1], err)
		}
		_ = c.SetDeadline(time.Time{})
	}
	return newGroup(place, members, conns), nil
}

// greeted reads who has come; it must know the secret.
func greeted(conn net.Conn, secret string) (hello, error) {
	_ = conn.SetDeadline(time.Now().Add(greetIn))
	var h hello
	if err := readMessage(conn, &h); err != nil {
		return h, err
	}
	_ = conn.SetDeadline(time.Time{})
	if subtle.ConstantTimeCompare([]byte(h.Secret), []byte(secret)) != 1 {
		return h, errors.New("ranks: another secret")
	}
	return h, nil
}

// refuses says why a process cannot be one of the group; "" if it can.
func (me hello) refuses(h hello, members []Member) string {
	switch {
	case h.Size != me.Size:
		return fmt.Sprintf("started as one of %d processes, want %d", h.Size, me.Size)
	case h.Rank < 1 || h.Rank >= me.Size:
		return fmt.Sprintf("rank %d, want 1 to %d", h.Rank, me.Size-1)
	case members[h.Rank].PID != 0:
		return fmt.Sprintf("rank %d twice, the other is %v", h.Rank, members[h.Rank])
	case h.Arch != me.Arch:
		return fmt.Sprintf("runs on %s, rank 0 on %s: want one architecture", h.Arch, me.Arch)
	case h.Build != me.Build:
		return fmt.Sprintf("is innate %s, rank 0 is %s: want one version", h.Build, me.Build)
	}
	return ""
}

// follow finds the leader. A notice that is left from another launch, or that is still
// being written, is read again until the right one is there.
func follow(ctx context.Context, place Place, dir string, me hello, say func(string)) (*Group, error) {
	path := filepath.Join(dir, run.RanksFile)
	slow := time.AfterFunc(2*greetIn, func() { say(fmt.Sprintf("ranks: %v waits for rank 0, who leaves %s", place, path)) })
	defer slow.Stop()
	for {
		n, err := readNotice(path)
		if err == nil && n.Launch == place.Launch {
			me.Secret = n.Secret
			if g, err := knock(ctx, place, n.Addresses, me); g != nil || err != nil {
				return g, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("ranks: %v: rank 0 is not to be found by %s: %w", place, path, context.Cause(ctx))
		case <-time.After(lookEvery):
		}
	}
}

// knock tries the addresses of a leader; both results are nil where it is at none.
func knock(ctx context.Context, place Place, addresses []string, me hello) (*Group, error) {
	dialer := net.Dialer{Timeout: greetIn / 5, KeepAliveConfig: keepAlive}
	for _, address := range addresses {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			continue
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		var w welcome
		err = writeMessage(conn, me)
		if err == nil {
			err = readMessage(conn, &w)
		}
		if !stop() || err != nil {
			conn.Close()
			continue
		}
		if w.Refused != "" || len(w.Members) != place.Size {
			conn.Close()
			return nil, fmt.Errorf("ranks: %v: refused by rank 0: %s", place, w.Refused)
		}
		return newGroup(place, w.Members, []net.Conn{conn}), nil
	}
	return nil, nil
}

// addresses are where a listener is reached: from this machine alone, or from others,
// by what the machine's interfaces are called.
func addresses(at net.Addr, here bool) []string {
	port := strconv.Itoa(at.(*net.TCPAddr).Port)
	var list []string
	if interfaces, err := net.InterfaceAddrs(); err == nil && !here {
		for _, a := range interfaces {
			if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() {
				list = append(list, net.JoinHostPort(ip.IP.String(), port))
			}
		}
	}
	return append(list, net.JoinHostPort("127.0.0.1", port))
}

// write leaves the notice in a file that was never open to others.
func (n notice) write(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ranks: %w", err)
	}
	b, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("ranks: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("ranks: %w", err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
		return fmt.Errorf("ranks: %w", err)
	}
	return nil
}

// maxNotice is more than any notice has, and any message of a meeting.
const maxNotice = 1 << 20

func readNotice(path string) (n notice, err error) {
	info, err := os.Stat(path)
	if err != nil || info.Size() > maxNotice {
		return n, errors.Join(err, errors.New("ranks: no notice"))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return n, err
	}
	return n, json.Unmarshal(b, &n)
}

// writeMessage and readMessage are frames of JSON, before there is a group.
func writeMessage(conn net.Conn, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var h head
	_, err = conn.Write(append(h.set(frameSaid, len(b)), b...))
	return err
}

func readMessage(conn net.Conn, v any) error {
	var h head
	kind, n, err := h.read(conn)
	if err != nil {
		return err
	}
	if kind != frameSaid || n > maxNotice {
		return fmt.Errorf("ranks: message %q of %d bytes", kind, n)
	}
	b, err := readPayload(conn, n)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		if c != nil {
			c.Close()
		}
	}
}

package ranks

import (
	"fmt"
	"net"
	"os"
)

// InProcess is a group of n whose processes are goroutines of this one, for tests.
func InProcess(n int) ([]*Group, error) {
	members := make([]Member, n)
	for r := range members {
		members[r] = Member{Rank: r, Host: "here", PID: os.Getpid()}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("ranks: %w", err)
	}
	defer listener.Close()
	groups, conns := make([]*Group, n), make([]net.Conn, n-1)
	for r := 1; r < n; r++ {
		theirs, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return nil, fmt.Errorf("ranks: %w", err)
		}
		if conns[r-1], err = listener.Accept(); err != nil {
			return nil, fmt.Errorf("ranks: %w", err)
		}
		groups[r] = newGroup(Place{Rank: r, Size: n, Local: r, LocalSize: n}, members, []net.Conn{theirs})
	}
	groups[0] = newGroup(Place{Size: n, LocalSize: n}, members, conns)
	return groups, nil
}

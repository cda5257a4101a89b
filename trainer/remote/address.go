package remote

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// Address is where the runs of another machine are served.
type Address struct {
	Scheme string // ssh or tcp
	Host   string // of ssh with user@ if given; of tcp with its port
	Port   string // of ssh; "" for the one in ssh's own configuration
	Run    string // a number or a name; "" for all
	Runs   string // of ssh: the runs directory there; "" for the default there
	Innate string // of ssh: the program there; "" for innate on its path
}

// IsAddress reports whether a text is meant as one.
func IsAddress(text string) bool { return strings.Contains(text, "://") }

const wantAddress = "ssh://[USER@]HOST[:PORT][/RUN][?runs=DIRECTORY] or tcp://HOST:PORT[/RUN]"

// A path on the command line that ssh hands to a shell there: nothing in it means
// anything to one, but for ~ in front.
var shellSafe = regexp.MustCompile(`^~?[A-Za-z0-9_./@%+,=-]*$`)

var (
	sshHost = regexp.MustCompile(`^[A-Za-z0-9_.:-]+$`)
	sshUser = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.@-]*$`)
)

// ParseAddress reads an address. What ssh or a shell could take for something else
// is refused.
func ParseAddress(text string) (Address, error) {
	wrong := func(what string, args ...any) (Address, error) {
		return Address{}, fmt.Errorf("address %.200q: %s, want %s", text, fmt.Sprintf(what, args...), wantAddress)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return wrong("not a URL")
	case u.Scheme != "ssh" && u.Scheme != "tcp":
		return wrong("got %q", u.Scheme+"://")
	case u.Fragment != "" || u.Opaque != "":
		return wrong("got more than that")
	case strings.HasPrefix(u.Hostname(), "-"):
		return wrong("host %q begins with -", u.Hostname())
	case u.Hostname() == "":
		return wrong("no host")
	}
	a := Address{Scheme: u.Scheme, Run: strings.Trim(u.Path, "/")}
	if a.Run != "" && !isRunName(a.Run) {
		return wrong("run %q", a.Run)
	}
	if _, secret := u.User.Password(); secret {
		return wrong("got a password")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return wrong("got ?%s", u.RawQuery)
	}
	if a.Scheme == "tcp" {
		if u.User != nil || u.Port() == "" || len(query) > 0 {
			return wrong("got more or less than host and port")
		}
		a.Host = net.JoinHostPort(u.Hostname(), u.Port())
		return a, nil
	}
	if a.Host, a.Port = u.Hostname(), u.Port(); !sshHost.MatchString(a.Host) {
		return wrong("host %q", a.Host)
	}
	if u.User != nil {
		if !sshUser.MatchString(u.User.Username()) {
			return wrong("user %q", u.User.Username())
		}
		a.Host = u.User.Username() + "@" + a.Host
	}
	for key, values := range query {
		to := map[string]*string{"runs": &a.Runs, "innate": &a.Innate}[key]
		if to == nil || len(values) != 1 {
			return wrong("got ?%s", u.RawQuery)
		}
		if *to = values[0]; !shellSafe.MatchString(*to) || *to == "" || strings.HasPrefix(*to, "-") {
			return wrong("%s %q has more than letters, digits and ._/@%%+,=-", key, *to)
		}
	}
	return a, nil
}

// Where names the machine for people.
func (a Address) Where() string { return a.Host }

// sshArgs are the arguments of ssh that run innate serve there. Those after -- are
// no options, whatever they look like. What travels is mostly text, so that compression
// makes a slow line several times as fast. Only the first connection may ask the person
// at the terminal for something: later the screen has it.
func (a Address) sshArgs(ask bool) []string {
	args := []string{"-T", "-C", "-e", "none", "-o", "ServerAliveInterval=15", "-o", "ConnectTimeout=30"}
	if !ask {
		args = append(args, "-o", "BatchMode=yes")
	}
	if a.Port != "" {
		args = append(args, "-p", a.Port)
	}
	program := a.Innate
	if program == "" {
		program = "innate"
	}
	args = append(args, "--", a.Host, program, "serve")
	if a.Runs != "" {
		args = append(args, "--runs", a.Runs)
	}
	return args
}

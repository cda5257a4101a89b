package trainer

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// logind tells of a login whose end is the trainer's, too. Where logind kills
// the processes of a user who logs out it kills those in the session's scope,
// whether or not the user lingers; what the user's own service manager started
// ends with that, at the last logout of a user who does not linger. Both send
// TERM, and KILL 90 seconds later.
func (h host) logind() string {
	session, manager := h.login()
	lingers := h.lingers()
	switch {
	case session != "" && h.kills():
		advice := `started with "systemd-run --user --scope" it continues`
		if !lingers {
			advice = `after "loginctl enable-linger", and started with "systemd-run --user --scope", it continues`
		}
		return fmt.Sprintf("logind: KillUserProcesses is on: the run stops when session %s logs out; %s", session, advice)
	case manager && !lingers:
		return fmt.Sprintf(`logind: %s does not linger: the run stops at the last logout; after "loginctl enable-linger" it continues`, h.user)
	}
	return ""
}

// login is where the process lives as systemd sees it: the scope of a login
// session, or below the user's own service manager.
func (h host) login() (session string, manager bool) {
	text, err := os.ReadFile(filepath.Join(h.root, "proc/self/cgroup"))
	if err != nil {
		return "", false
	}
	unit := fmt.Sprintf("user@%d.service", h.uid)
	for line := range strings.Lines(string(text)) {
		_, path, _ := strings.Cut(strings.TrimSpace(line), ":/") // 0::/user.slice/user-1000.slice/session-3.scope
		for part := range strings.SplitSeq(path, "/") {
			rest, ok := strings.CutPrefix(part, "session-")
			if id, scope := strings.CutSuffix(rest, ".scope"); ok && scope {
				session = id
			}
			manager = manager || part == unit
		}
	}
	return session, manager
}

// lingers reports whether the user's service manager stays without a login.
func (h host) lingers() bool {
	_, err := os.Stat(filepath.Join(h.root, "var/lib/systemd/linger", h.user))
	return h.user != "" && err == nil
}

// kills reports whether logind kills what is left in a session's scope when this
// user logs out: logind.conf(5), KillUserProcesses, KillOnlyUsers and
// KillExcludeUsers.
func (h host) kills() bool {
	set := h.logindSettings()
	exclude, excluding := set["KillExcludeUsers"]
	if !excluding {
		exclude = "root"
	}
	if slices.Contains(strings.Fields(exclude), h.user) {
		return false
	}
	if only := strings.Fields(set["KillOnlyUsers"]); len(only) > 0 {
		return slices.Contains(only, h.user)
	}
	switch strings.ToLower(set["KillUserProcesses"]) {
	case "1", "yes", "y", "true", "t", "on":
		return true
	}
	return false
}

// logindRoots are the folders of logind's configuration, the first of which
// counts most.
var logindRoots = []string{"etc/systemd", "run/systemd", "usr/local/lib/systemd", "usr/lib/systemd", "lib/systemd"}

// logindSettings reads logind.conf and its drop-ins, which come in the order of
// their names; one hides those of the same name in the folders after its own.
func (h host) logindSettings() map[string]string {
	set := map[string]string{}
	for _, root := range logindRoots {
		if readLogind(filepath.Join(h.root, root, "logind.conf"), set) {
			break
		}
	}
	dropIns := map[string]string{}
	for _, root := range logindRoots {
		paths, _ := filepath.Glob(filepath.Join(h.root, root, "logind.conf.d", "*.conf")) // the pattern is well-formed
		for _, path := range paths {
			if name := filepath.Base(path); dropIns[name] == "" {
				dropIns[name] = path
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(dropIns)) {
		readLogind(dropIns[name], set)
	}
	return set
}

// readLogind adds what one file sets. The file as shipped states in a comment
// what the distribution has compiled in.
func readLogind(path string, set map[string]string) (found bool) {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	section := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section = line
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case !ok || section != "[Login]":
		case key == "#KillUserProcesses" && set["KillUserProcesses"] == "":
			set["KillUserProcesses"] = value
		case strings.HasPrefix(key, "Kill") && strings.HasSuffix(key, "Users") && value != "":
			set[key] += " " + value // a list grows, and an empty value clears it
		default:
			set[key] = value
		}
	}
	return true
}

// userName is the name of this process's user, "" if there is none.
func userName(getenv func(string) string) string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return getenv("USER")
}

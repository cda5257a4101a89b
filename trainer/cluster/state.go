package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"innate/trainer/run"
)

// State is what Slurm says of a job.
type State struct {
	Name   string // PENDING, RUNNING, …; "" of a job that it does not know any more
	Nodes  string
	Reason string    // why it waits
	Since  time.Time // when it began, by our clock; zero if that is not known
}

// Live reports whether the job is yet to begin, or has not ended.
func (s State) Live() bool {
	return s.Waits() || slices.Contains([]string{"RUNNING", "COMPLETING", "SUSPENDED", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED"}, s.Name)
}

// Waits reports whether the job is yet to begin, or to begin again.
func (s State) Waits() bool {
	return slices.Contains([]string{"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"}, s.Name)
}

// String is the state in words.
func (s State) String() string {
	var name string
	switch s.Name {
	case "":
		return "no longer known to Slurm"
	case "TIMEOUT":
		name = "timed out"
	case "NODE_FAIL":
		name = "node failed"
	case "BOOT_FAIL":
		name = "boot failed"
	case "DEADLINE":
		name = "missed its deadline"
	default:
		name = strings.ToLower(strings.ReplaceAll(s.Name, "_", " "))
	}
	switch {
	case s.Waits() && s.Reason != "" && s.Reason != "None":
		return name + " (" + s.Reason + ")"
	case s.Name == "RUNNING" && s.Nodes != "":
		return name + " on " + s.Nodes
	}
	return name
}

// askTime is how long Slurm may take to answer a question; tests have less of it.
var askTime = 5 * time.Second

// states asks for the states of jobs, all of one cluster: squeue, and of those that
// it has forgotten sacct, where there is accounting. Each job that was asked for is
// in the answer.
func states(ctx context.Context, cluster string, ids []string) (map[string]State, error) {
	args := func(more ...string) []string {
		if cluster != "" {
			more = append(more, "--clusters="+cluster)
		}
		return more
	}
	known := map[string]State{}
	out, err := command(ctx, askTime, viewing, "", "squeue", args("--jobs="+strings.Join(ids, ","),
		"--states=all", "--all", "--array", "--noheader", "--format=%i|%T|%N|%M|%r")...)
	if err != nil && !strings.Contains(err.Error(), "Invalid job id") { // squeue says so of a single one that is forgotten
		return nil, err
	}
	take(known, ids, out)
	missing := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := known[id]; return ok })
	if len(missing) > 0 {
		out, err := command(ctx, askTime, viewing, "", "sacct", args("--jobs="+strings.Join(missing, ","),
			"--allocations", "--noheader", "--parsable2", "--format=JobID,State,NodeList")...)
		if errors.Is(err, errSilent) {
			return nil, err
		}
		take(known, missing, out) // nothing where there is no accounting
	}
	for _, id := range missing {
		if _, ok := known[id]; !ok {
			known[id] = State{}
		}
	}
	return known, nil
}

// viewing are the variables that change what squeue and sacct show.
func viewing(name string) bool {
	return strings.HasPrefix(name, "SQUEUE_") || strings.HasPrefix(name, "SACCT_") || name == "SLURM_CLUSTERS"
}

// take reads lines of ID|STATE|NODES, and |ELAPSED|REASON if there is more. What is
// no such line, or of a job that nobody asked for, is passed over.
func take(known map[string]State, ids []string, out string) {
	for line := range strings.Lines(out) {
		f := strings.SplitN(run.OneLine(line), "|", 5)
		if len(f) < 3 || !slices.Contains(ids, f[0]) {
			continue
		}
		name, _, _ := strings.Cut(f[1], " ") // CANCELLED by 1000
		name = strings.TrimSuffix(name, "+")
		if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
			continue
		}
		s := State{Name: name, Nodes: f[2]}
		if s.Nodes == "None assigned" {
			s.Nodes = ""
		}
		if len(f) == 5 {
			s.Reason = f[4]
			if ran, err := parseLimit(f[3]); err == nil {
				s.Since = time.Now().Add(-ran)
			}
		}
		known[f[0]] = s
	}
}

package cluster_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/trainer/cluster"
	"innate/trainer/run"
)

// info is a run that was submitted as job 12, as its directory shows it.
func info(id, state, said string) *run.Info {
	j := run.Job{Scheduler: run.Slurm, ID: id}
	return &run.Info{Name: "a", Job: j, Said: said, Status: run.Status{State: state, Job: j.String(), Time: time.Now()}}
}

// TestStates reads what squeue and sacct print, and says what it means for a run.
func TestStates(t *testing.T) {
	for name, c := range map[string]struct {
		squeue, sacct string // lines of
		state, said   string
		want, words   string
	}{
		"pending":         {squeue: "12|PENDING||0:00|Resources", state: run.StateQueued, want: run.StateQueued, words: "pending (Resources)"},
		"configuring":     {squeue: "12|CONFIGURING|n1|0:00|None", state: run.StateQueued, want: run.StateQueued, words: "configuring"},
		"requeued":        {squeue: "12|PENDING||0:00|BeginTime", state: run.StateStopped, said: run.StateStopped, want: run.StateQueued, words: "requeued, pending (BeginTime)"},
		"node lost":       {squeue: "12|PENDING||0:00|BeginTime", state: run.StateDead, said: run.StateRunning, want: run.StateQueued, words: "requeued, pending (BeginTime)"},
		"no lock":         {squeue: "12|RUNNING|n[1-2]|1-02:03:04|None", state: run.StateDead, said: run.StateRunning, want: run.StateRunning, words: "running on n[1-2]"},
		"begun":           {squeue: "12|RUNNING|n1|0:01|None", state: run.StateQueued, want: run.StateStarting, words: "running on n1"},
		"begun again":     {squeue: "12|RUNNING|n1|0:00|None", state: run.StateDead, said: run.StateRunning, want: run.StateStarting, words: "running on n1"},
		"cancelled early": {sacct: "12|CANCELLED by 1000|None assigned", state: run.StateQueued, want: run.StateNew, words: "cancelled"},
		"cancelled":       {squeue: "12|CANCELLED|n1|0:03|None", state: run.StateStopped, said: run.StateStopped, want: run.StateStopped, words: "cancelled"},
		"timed out":       {sacct: "12|TIMEOUT|n1\n12.batch|CANCELLED|n1", state: run.StateDead, said: run.StateRunning, want: run.StateDead, words: "timed out"},
		"node failed":     {sacct: "12|NODE_FAIL|n1", state: run.StateDead, said: run.StateRunning, want: run.StateDead, words: "node failed"},
		"memory":          {sacct: "12|OUT_OF_ME+|n1", state: run.StateDead, said: run.StateRunning, want: run.StateDead, words: "out of me"},
		"forgotten":       {state: run.StateQueued, said: run.StateStopped, want: run.StateStopped, words: "no longer known to Slurm"},
		"another's line":  {squeue: "13|RUNNING|n1|0:03|None\n|||\n12|\x1b[2J|n1|0:03|None\n12|PENDING\nhello", state: run.StateQueued, want: run.StateNew, words: "no longer known to Slurm"},
		"a new state":     {squeue: "12|LEVITATING|n1|INVALID|None", state: run.StateStopped, said: run.StateStopped, want: run.StateStopped, words: "levitating"},
	} {
		t.Run(name, func(t *testing.T) {
			out := standIn(t, map[string]string{"squeue": `cat "$OUT/squeue"`, "sacct": `cat "$OUT/sacct"`})
			check(t, os.WriteFile(filepath.Join(out, "squeue"), []byte(c.squeue), 0o644))
			check(t, os.WriteFile(filepath.Join(out, "sacct"), []byte(c.sacct), 0o644))
			i := info("12", c.state, c.said)
			check(t, cluster.Ask(t.Context(), i))
			if i.Status.State != c.want || i.Status.JobState != c.words {
				t.Errorf("got %s, %q, want %s, %q", i.Status.State, i.Status.JobState, c.want, c.words)
			}
		})
	}
}

// TestAskSparingly: one question for all runs, with nothing of the user's own view,
// and none about runs that need no word.
func TestAskSparingly(t *testing.T) {
	t.Setenv("SQUEUE_STATES", "RUNNING")
	out := standIn(t, map[string]string{
		"squeue": `echo "$*|$SQUEUE_STATES" >>$OUT/asked; echo "12|PENDING||0:00|Priority"; echo "13_1|PENDING||0:00|Priority"`,
		"sacct":  `echo sacct >>$OUT/asked`,
	})
	alive, done, own := info("14", run.StateRunning, run.StateRunning), info("15", run.StateDone, run.StateDone), info("16", run.StateDead, run.StateRunning)
	alive.Alive = true
	own.Status.Job = "" // resumed by hand since
	one, two := info("12", run.StateQueued, ""), info("13_1", run.StateQueued, "")
	check(t, cluster.Ask(t.Context(), one, alive, two, done, own, &run.Info{Status: run.Status{State: run.StateDead}}))
	asked, err := os.ReadFile(filepath.Join(out, "asked"))
	check(t, err)
	if want := "--jobs=12,13_1 --states=all --all --array --noheader --format=%i|%T|%N|%M|%r|\n"; string(asked) != want {
		t.Errorf("asked %q, want %q alone", asked, want)
	}
	if two.Status.JobState != "pending (Priority)" || alive.Status.JobState+done.Status.JobState+own.Status.JobState != "" {
		t.Errorf("got %q and %q, %q, %q", two.Status.JobState, alive.Status.JobState, done.Status.JobState, own.Status.JobState)
	}
	if by, err := cluster.Held(t.Context(), *one); err != nil || by != "Slurm job 12 is pending (Priority)" {
		t.Errorf("held: got %q, %v", by, err)
	}
}

// TestAskFails: a Slurm that hangs, refuses or is not there costs a moment and
// leaves runs as their heartbeats say.
func TestAskFails(t *testing.T) {
	for name, c := range map[string]struct {
		commands map[string]string
		want     string // of the error; "" for none
		words    string
	}{
		"none":          {nil, "", ""},
		"hangs":         {map[string]string{"squeue": "sleep 30 & wait"}, "slurm: squeue: no answer within 1s", ""},
		"down":          {map[string]string{"squeue": `echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1`}, "slurm: squeue: slurm_load_jobs error: Unable to contact", ""},
		"forgotten":     {map[string]string{"squeue": `echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1`, "sacct": `echo "Slurm accounting storage is disabled" >&2; exit 1`}, "", "no longer known to Slurm"},
		"sacct hangs":   {map[string]string{"squeue": "exit 0", "sacct": "sleep 30"}, "slurm: sacct: no answer", ""},
		"never an end":  {map[string]string{"squeue": `while :; do echo "12|no such state at all|x|y"; done`}, "slurm: squeue: no answer", ""},
		"not a program": {map[string]string{"squeue": "exec /nowhere"}, "slurm: squeue: ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			// What answers has the time that a busy machine takes to start it.
			limit := time.Minute
			if strings.Contains(c.want, "no answer") {
				limit = time.Second
			}
			defer cluster.SetAskTime(limit)()
			standIn(t, c.commands)
			i := info("12", run.StateQueued, "")
			start := time.Now()
			err := cluster.Ask(t.Context(), i)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if i.Status.JobState != c.words {
				t.Errorf("got %q, want %q", i.Status.JobState, c.words)
			}
			if took := time.Since(start); limit == time.Second && took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestWatcher answers at once, asks beside, and seldom.
func TestWatcher(t *testing.T) {
	out := standIn(t, map[string]string{"squeue": `echo x >>$OUT/asked; echo "12|PENDING||0:00|Priority"`})
	questions := func() int {
		b, _ := os.ReadFile(filepath.Join(out, "asked"))
		return strings.Count(string(b), "x")
	}
	var w cluster.Watcher
	now := time.Now()
	look := func(after time.Duration) string {
		i := info("12", run.StateQueued, "")
		w.Fill(now.Add(after), i)
		return i.Status.JobState
	}
	if got := look(0); got != "" {
		t.Errorf("at first: got %q, want no waiting", got)
	}
	for end := time.Now().Add(10 * time.Second); look(time.Second) == "" && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	if got := look(29 * time.Second); got != "pending (Priority)" || questions() != 1 {
		t.Errorf("got %q after %d questions, want one", got, questions())
	}
	i := info("12", run.StateQueued, "")
	w.Await(t.Context(), now.Add(31*time.Second), i)
	if i.Status.JobState != "pending (Priority)" || questions() != 2 {
		t.Errorf("later: got %q after %d questions, want two", i.Status.JobState, questions())
	}

	var silent cluster.Watcher
	standIn(t, map[string]string{"squeue": `echo x >>$OUT/asked; exit 1`})
	out = os.Getenv("OUT")
	for after := time.Duration(0); after < time.Hour; after += time.Second {
		silent.Await(t.Context(), now.Add(after), info("12", run.StateQueued, ""))
	}
	if n := questions(); n < 6 || n > 12 { // after 30 s, 1, 2, 4, 8 minutes, and every 10
		t.Errorf("a Slurm that does not answer was asked %d times in an hour, want ever more seldom", n)
	}
}

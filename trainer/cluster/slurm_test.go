package cluster_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"innate/trainer/cluster"
	"innate/trainer/golden"
	"innate/trainer/run"
)

// nasty has all that a shell, or sbatch, could take for something else.
const nasty = `a b'c"d#e%j$(touch x)` + "`touch y`;*&|<>!~ä"

func job(dirs ...string) cluster.SlurmJob {
	return cluster.SlurmJob{Name: "mine", Program: "/opt/innate", Dirs: dirs, Grace: 2 * time.Minute}
}

// TestScript pins the scripts of a single run, of an array and of ranks.
func TestScript(t *testing.T) {
	one := job("/runs/00003-mine")
	one.Partition, one.Account, one.Time, one.GPUs, one.CPUs, one.Memory = "gpu", "lab", "1-0", "a100:1", 8, "32G"
	one.Extra = []string{"--constraint=fast&big", "--mail-type=END"}
	one.Args = []string{"--listen", "127.0.0.1:7070"}
	several := job("/runs/00003-mine", "/runs/"+nasty)
	several.AtOnce = 1
	ranks := job("/runs/00003-mine")
	ranks.Ranks, ranks.CPUs = 4, 2
	for name, j := range map[string]cluster.SlurmJob{"one": one, "array": several, "ranks": ranks} {
		script, err := j.Script()
		check(t, err)
		golden.Check(t, filepath.Join("testdata", name+".sh"), []byte(script))
	}
}

// TestScriptRuns has bash run scripts whose paths would be commands without quotes:
// innate gets exactly the arguments, and nothing else runs.
func TestScriptRuns(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	base := t.TempDir()
	program := filepath.Join(base, nasty, "innate")
	dirs := []string{filepath.Join(base, "r", nasty), filepath.Join(base, "r", "-n '")}
	for _, dir := range append(dirs, filepath.Dir(program)) {
		check(t, os.MkdirAll(dir, 0o755))
	}
	check(t, os.WriteFile(program, []byte("#!/bin/sh\nprintf '<%s>\\n' $$ \"$@\"\n"), 0o755))
	for _, c := range []struct {
		dirs []string
		task string
		want string
	}{{dirs[:1], "", dirs[0]}, {dirs, "0", dirs[0]}, {dirs, "1", dirs[1]}} {
		j := job(c.dirs...)
		j.Program, j.Name, j.Args = program, nasty, []string{"--listen", nasty}
		script, err := j.Script()
		check(t, err)
		cmd := exec.Command(bash)
		cmd.Stdin, cmd.Dir, cmd.Env = strings.NewReader(script), base, append(os.Environ(), "SLURM_ARRAY_TASK_ID="+c.task)
		out, err := cmd.CombinedOutput()
		check(t, err)
		if len(c.dirs) > 1 {
			if len(out) > 0 {
				t.Errorf("an array prints %q, want all of it in the run's log", out)
			}
			out, err = os.ReadFile(filepath.Join(c.want, run.LogFile))
			check(t, err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		pid := "<" + strconv.Itoa(cmd.Process.Pid) + ">" // the trainer is where the script was
		if got, want := strings.Join(lines[1:], " "), pid+" <train> <--run> <"+c.want+"> <--requeue> <--listen> <"+nasty+">"; got != want {
			t.Errorf("task %q: got\n%s\nwant\n%s", c.task, got, want)
		}
		if !strings.HasPrefix(lines[0], run.StartMark) {
			t.Errorf("got %q, want the mark of a new trainer", lines[0])
		}
	}
	if stray, _ := filepath.Glob(filepath.Join(base, "[xy]")); len(stray) > 0 {
		t.Errorf("a path was executed: %q", stray)
	}
}

// TestScriptRefuses: what would end a line, and a job that would begin again for ever.
func TestScriptRefuses(t *testing.T) {
	for want, change := range map[string]func(*cluster.SlurmJob){
		`slurm: name: got "a\n#SBATCH --wrap=x", want no control characters`: func(j *cluster.SlurmJob) { j.Name = "a\n#SBATCH --wrap=x" },
		`slurm: run: got "/r\n", want no control characters`:                 func(j *cluster.SlurmJob) { j.Dirs = []string{"/r\n"} },
		`slurm: /r\s: has a backslash`:                                       func(j *cluster.SlurmJob) { j.Dirs = []string{`/r\s`} },
		`slurm: --sbatch: got "rm", want an option of sbatch`:                func(j *cluster.SlurmJob) { j.Extra = []string{"rm"} },
		`slurm: --sbatch: got --signal, which innate sets itself`:            func(j *cluster.SlurmJob) { j.Extra = []string{"--signal=TERM@1"} },
		`slurm: --sbatch: got -o, which innate sets itself`:                  func(j *cluster.SlurmJob) { j.Extra = []string{"-o x"} },
		`slurm: --time: got "soon"`:                                          func(j *cluster.SlurmJob) { j.Time = "soon" },
		`slurm: --time: got "1:2:3:4"`:                                       func(j *cluster.SlurmJob) { j.Time = "1:2:3:4" },
		`slurm: --time 2: the run stops 2m0s before`:                         func(j *cluster.SlurmJob) { j.Time = "2" },
		`slurm: --time 0:1:30: the run stops`:                                func(j *cluster.SlurmJob) { j.Time = "0:1:30" },
	} {
		j := job("/r")
		change(&j)
		if script, err := j.Script(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s in\n%s", err, want, script)
		}
	}
	for _, limit := range []string{"", "3", "2:01", "0:2:1", "1-0", "0-0:3", "0-0:2:1", "UNLIMITED"} {
		j := job("/r")
		j.Time = limit
		if _, err := j.Script(); err != nil {
			t.Errorf("--time %s: %v", limit, err)
		}
	}
}

// TestSubmit hands scripts to a stand-in of sbatch, friendly and not.
func TestSubmit(t *testing.T) {
	t.Setenv("SBATCH_SIGNAL", "B:TERM@1")
	t.Setenv("SBATCH_ACCOUNT", "lab")
	out := standIn(t, map[string]string{"sbatch": `cat >$OUT/script; echo "$*|$SBATCH_SIGNAL|$SBATCH_ACCOUNT" >$OUT/args; echo "Welcome to cluster 7"; echo "41;big"`})
	jobs, err := job("/r/1", "/r/2").Submit(t.Context())
	check(t, err)
	if len(jobs) != 2 || jobs[1].ID != "41_1" || jobs[1].Cluster != "big" || jobs[1].String() != "Slurm job 41_1" {
		t.Errorf("got %+v", jobs)
	}
	script, err := os.ReadFile(filepath.Join(out, "script"))
	check(t, err)
	if want, _ := job("/r/1", "/r/2").Script(); string(script) != want {
		t.Errorf("sbatch got\n%s", script)
	}
	if args, _ := os.ReadFile(filepath.Join(out, "args")); string(args) != "--parsable||lab\n" {
		t.Errorf("arguments and environment: %q, want the site's account and none of what overrides the script", args)
	}

	for body, want := range map[string]string{
		`echo "sbatch: error: invalid partition specified: x" >&2; echo "sbatch: error: Batch job submission failed" >&2; exit 1`: "slurm: sbatch: invalid partition specified: x",
		`echo "sbatch: lua: no account, no job" >&2; exit 1`:                                                                      "slurm: sbatch: lua: no account, no job",
		`exit 3`:                          "slurm: sbatch: exit status 3",
		`printf 'job \033[2Jsubmitted\n'`: `slurm: sbatch: got "job ?[2Jsubmitted", want a job's id: it may be submitted all the same`,
	} {
		standIn(t, map[string]string{"sbatch": body})
		_, err := job("/r").Submit(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), want) || errors.Is(err, cluster.ErrUncertain) != strings.Contains(want, "all the same") {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
	standIn(t, nil)
	if err := cluster.CanSubmit(); err == nil || err.Error() != "slurm: sbatch: not on the path: there is no Slurm here; --dry-run prints the script" {
		t.Errorf("got %v", err)
	}
}

// TestRequeue asks scontrol for the job of the environment alone.
func TestRequeue(t *testing.T) {
	out := standIn(t, map[string]string{"scontrol": `echo "$@" >$OUT/args; [ "$2" = 12 ] || { echo "scontrol: error: Requested operation is presently disabled" >&2; exit 1; }`})
	for id, want := range map[string]string{
		"12": "", "13": "slurm: scontrol: Requested operation is presently disabled",
		"": `slurm: SLURM_JOB_ID: got ""`, "1 2": `slurm: SLURM_JOB_ID: got "1 2"`,
	} {
		err := cluster.Requeue(t.Context(), func(string) string { return id })
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("job %q: got %v, want %q", id, err, want)
		}
		if args, _ := os.ReadFile(filepath.Join(out, "args")); id == "12" && string(args) != "requeue 12\n" {
			t.Errorf("scontrol got %q", args)
		}
	}
}

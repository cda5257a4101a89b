package trainer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer"
	"innate/trainer/run"
)

// TestFaultJob reads the job from what schedulers put into the environment.
func TestFaultJob(t *testing.T) {
	for _, tt := range []struct{ env, want string }{
		{"", ""},
		{"SLURM_JOB_ID=123", "Slurm job 123"},
		{"SLURM_JOB_ID=125 SLURM_ARRAY_JOB_ID=123 SLURM_ARRAY_TASK_ID=0", "Slurm job 123_0"},
		{"PBS_JOBID=12[3].head", "PBS job 12[3].head"},
		{"LSB_JOBID=7 LSB_JOBINDEX=0", "LSF job 7"},
		{"LSB_JOBID=7 LSB_JOBINDEX=2", "LSF job 7[2]"},
		{"JOB_ID=9", ""}, // anyone's
		{"JOB_ID=9 SGE_TASK_ID=undefined", "Grid Engine job 9"},
		{"JOB_ID=9 SGE_TASK_ID=4", "Grid Engine job 9[4]"},
		{"HOSTNAME=desk", ""},
		{"HOSTNAME=trainer-0 KUBERNETES_SERVICE_HOST=10.0.0.1", "Kubernetes pod trainer-0"},
	} {
		if got := trainer.Job(environment(tt.env)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.env, got, tt.want)
		}
	}
}

func environment(pairs string) func(string) string {
	env := map[string]string{}
	for _, pair := range strings.Fields(pairs) {
		key, value, _ := strings.Cut(pair, "=")
		env[key] = value
	}
	return func(key string) string { return env[key] }
}

// files writes a tree of files, path=text each, and returns its root.
func files(t *testing.T, tree map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for path, text := range tree {
		path = filepath.Join(root, path)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return root
}

const (
	inSession = "0::/user.slice/user-1000.slice/session-3.scope\n"
	// As on a machine with both hierarchies, and a terminal of the desktop.
	inManager = "12:pids:/user.slice/user-1000.slice/user@1000.service\n1:name=systemd:/user.slice/user-1000.slice/user@1000.service/app.slice/vte.scope\n"
	killsAll  = "[Manager]\nKillUserProcesses=no\n[Login]\n#KillExcludeUsers=root\nKillUserProcesses=yes\n"
)

// TestFaultHazards warns of what ends a trainer before its time, and of nothing
// else.
func TestFaultHazards(t *testing.T) {
	const logout = "logind: KillUserProcesses is on: the run stops when session 3 logs out; "
	for name, tt := range map[string]struct {
		env   string
		files map[string]string
		user  string // mia
		pid   int    // 99
		start bool   // innate start
		want  string // the beginning; "" for none
		also  string // a part
	}{
		"nothing to read": {},
		"a shell at home": {files: map[string]string{"proc/77/comm": "bash\n", "proc/1/comm": "systemd\n"}},

		"slurm, a line of the script": {env: "SLURM_JOB_ID=12", files: map[string]string{"proc/77/comm": "bash\n"},
			want: "slurm: job 12: the trainer's parent is bash, not slurmstepd: ", also: `unless bash passes TERM and USR1 on; "exec innate train …" or "srun innate train …"`},
		"slurm, exec or srun":      {env: "SLURM_JOB_ID=12", files: map[string]string{"proc/77/comm": "slurmstepd\n"}},
		"slurm, hidden processes":  {env: "SLURM_JOB_ID=12"},
		"slurm, innate start":      {env: "SLURM_JOB_ID=12", start: true, want: "slurm: job 12: with Slurm's default (proctrack/cgroup) a trainer in the background gets no signal", also: `"exec innate train …"`},
		"another job's leftover":   {env: "SLURM_JOB_NAME=x", files: map[string]string{"proc/77/comm": "bash\n"}},
		"container, process 1":     {files: map[string]string{"proc/1/comm": "innate\n"}, pid: 1},
		"container, below a shell": {files: map[string]string{"proc/1/comm": "sh\n"}, want: "container: process 1 is sh: unless sh passes TERM on"},
		"container, below an init": {files: map[string]string{"proc/1/comm": "tini\n", "proc/77/comm": "sh\n"}},

		"logind kills": {files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": killsAll},
			want: logout, also: `after "loginctl enable-linger", and started with "systemd-run --user --scope"`},
		"logind kills one who lingers": {files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": killsAll, "var/lib/systemd/linger/mia": ""},
			want: logout + `started with "systemd-run --user --scope"`},
		"logind spares root":      {user: "root", files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": killsAll}},
		"logind spares no root":   {user: "root", files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": killsAll + "KillExcludeUsers=\n"}, want: logout},
		"logind spares mia":       {files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": killsAll + "KillExcludeUsers=tom\nKillExcludeUsers=mia\n"}},
		"logind kills only mia":   {files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": "[Login]\nKillOnlyUsers=tom mia\n"}, want: logout},
		"logind kills only tom":   {files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": killsAll + "KillOnlyUsers=tom\n"}},
		"logind, compiled in":     {files: map[string]string{"proc/self/cgroup": inSession, "usr/lib/systemd/logind.conf": "[Login]\n#KillUserProcesses=yes\n"}, want: logout},
		"logind, compiled out":    {files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": "[Login]\n#KillUserProcesses=no\n"}},
		"logind, out of session":  {files: map[string]string{"proc/self/cgroup": "0::/system.slice/cron.service\n", "etc/systemd/logind.conf": killsAll}},
		"logind, other session":   {files: map[string]string{"proc/self/cgroup": "0::/user.slice/session-3.scope.d\n", "etc/systemd/logind.conf": killsAll}},
		"logind, first file wins": {files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": "[Login]\n", "usr/lib/systemd/logind.conf": killsAll}},
		"logind, drop-ins in order": {files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": killsAll,
			"usr/lib/systemd/logind.conf.d/50-site.conf": "[Login]\nKillUserProcesses=no\n", "etc/systemd/logind.conf.d/10-old.conf": killsAll}},
		"logind, hidden drop-in": {files: map[string]string{"proc/self/cgroup": inSession, "etc/systemd/logind.conf": killsAll,
			"usr/lib/systemd/logind.conf.d/50-site.conf": "[Login]\nKillUserProcesses=no\n", "etc/systemd/logind.conf.d/50-site.conf": ""}, want: logout},

		"manager":           {files: map[string]string{"proc/self/cgroup": inManager}, want: "logind: mia does not linger: the run stops at the last logout", also: `after "loginctl enable-linger"`},
		"manager, lingers":  {files: map[string]string{"proc/self/cgroup": inManager, "etc/systemd/logind.conf": killsAll, "var/lib/systemd/linger/mia": ""}},
		"manager of others": {files: map[string]string{"proc/self/cgroup": strings.ReplaceAll(inManager, "1000", "1001")}},
	} {
		t.Run(name, func(t *testing.T) {
			env := environment(tt.env)
			p := trainer.Place{Env: map[string]string{"SLURM_JOB_ID": env("SLURM_JOB_ID")}, Root: files(t, tt.files), User: "mia", PID: 99, Background: tt.start}
			if tt.user != "" {
				p.User = tt.user
			}
			if tt.pid != 0 {
				p.PID = tt.pid
			}
			got := strings.Join(trainer.HazardsAt(p), "\n")
			if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) || !strings.Contains(got, tt.also) || strings.Contains(got, "\n") {
				t.Errorf("got %q, want %q … %q", got, tt.want, tt.also)
			}
			if len(got) > 390 { // run.OneLine
				t.Errorf("%d bytes, want a line that is shown whole: %s", len(got), run.OneLine(got))
			}
		})
	}
}

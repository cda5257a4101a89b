package cluster_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"innate/trainer/cluster"
	"innate/trainer/golden"
)

func pods(runs ...cluster.PodRun) cluster.Pods {
	return cluster.Pods{
		Image: "ghcr.io/me/innate:1", Claim: "runs", Mount: "/runs", GPUs: 1, GPUResource: "nvidia.com/gpu",
		CPUs: 4, Memory: "16Gi", Grace: 90 * time.Second, Runs: runs,
	}
}

// What the API of Kubernetes documents of a ConfigMap and of a Job of batch/v1, as
// far as a manifest uses it, for a decoder that refuses any other field.
type (
	meta struct {
		Name, Namespace string
		Labels          map[string]string
	}
	configMap struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   meta
		Data       map[string]string
	}
	podJob struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   meta
		Spec       struct {
			BackoffLimit     *int32 `yaml:"backoffLimit"`
			PodFailurePolicy struct {
				Rules []struct {
					Action      string
					OnExitCodes struct {
						ContainerName string `yaml:"containerName"`
						Operator      string
						Values        []int32
					} `yaml:"onExitCodes"`
					OnPodConditions []struct{ Type, Status string } `yaml:"onPodConditions"`
				}
			} `yaml:"podFailurePolicy"`
			Template struct {
				Metadata meta
				Spec     podSpec
			}
		}
	}
	podSpec struct {
		RestartPolicy                 string `yaml:"restartPolicy"`
		TerminationGracePeriodSeconds *int64 `yaml:"terminationGracePeriodSeconds"`
		AutomountServiceAccountToken  *bool  `yaml:"automountServiceAccountToken"`
		Containers                    []struct {
			Name, Image  string
			Command      []string
			Resources    struct{ Limits map[string]string }
			VolumeMounts []struct {
				Name      string
				MountPath string `yaml:"mountPath"`
				ReadOnly  bool   `yaml:"readOnly"`
			} `yaml:"volumeMounts"`
		}
		Volumes []struct {
			Name                  string
			PersistentVolumeClaim *struct {
				ClaimName string `yaml:"claimName"`
			} `yaml:"persistentVolumeClaim"`
			ConfigMap *struct{ Name string } `yaml:"configMap"`
		}
	}
)

// decode reads a manifest strictly, and returns its pairs of ConfigMap and Job.
func decode(t *testing.T, text string) (maps []configMap, jobs []podJob) {
	t.Helper()
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	for {
		var m configMap
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return maps, jobs
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		var j podJob
		check(t, dec.Decode(&j))
		if m.APIVersion+m.Kind+j.APIVersion+j.Kind != "v1ConfigMapbatch/v1Job" {
			t.Fatalf("got a %s of %s and a %s of %s", m.Kind, m.APIVersion, j.Kind, j.APIVersion)
		}
		maps, jobs = append(maps, m), append(jobs, j)
	}
}

// TestManifest pins a manifest, and reads it back.
func TestManifest(t *testing.T) {
	p := pods(cluster.PodRun{Name: cluster.PodName("Mine (2)", 0), Config: "method = 'gdd' # é\n\n[live]\n\tgen_lr = 1e-4\n"})
	p.Namespace = "lab"
	text, err := p.Manifest()
	check(t, err)
	golden.Check(t, filepath.Join("testdata", "manifest.yaml"), []byte(text))
	maps, jobs := decode(t, text)
	if len(jobs) != 1 || maps[0].Data["config.toml"] != p.Runs[0].Config || maps[0].Metadata.Namespace != "lab" {
		t.Fatalf("got %+v", maps)
	}
	j, spec := jobs[0], jobs[0].Spec.Template.Spec
	c := spec.Containers[0]
	if got, want := strings.Join(c.Command, " "), "innate train /etc/innate/config.toml --out /runs/innate-mine-2 --requeue"; got != want {
		t.Errorf("command: got %s, want %s", got, want)
	}
	if spec.RestartPolicy != "Never" || *spec.TerminationGracePeriodSeconds != 90 || c.Resources.Limits["nvidia.com/gpu"] != "1" || c.Resources.Limits["cpu"] != "4" {
		t.Errorf("got %+v", spec)
	}
	// What the API server checks across fields: every mount has its volume, a failure
	// policy wants restartPolicy Never and names a container that there is.
	volumes := map[string]bool{}
	for _, v := range spec.Volumes {
		volumes[v.Name] = (v.ConfigMap != nil) != (v.PersistentVolumeClaim != nil)
	}
	for _, m := range c.VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("mount %s has no volume of one kind", m.Name)
		}
	}
	if rule := j.Spec.PodFailurePolicy.Rules[0].OnExitCodes; rule.ContainerName != c.Name || len(rule.Values) != 1 || rule.Values[0] != cluster.Again {
		t.Errorf("got %+v, want a pod that ended with %d not to count", rule, cluster.Again)
	}
	if spec.Volumes[1].ConfigMap.Name != maps[0].Metadata.Name {
		t.Errorf("the config comes from %s, want %s", spec.Volumes[1].ConfigMap.Name, maps[0].Metadata.Name)
	}
}

// TestManifestQuotes: no text is taken for structure.
func TestManifestQuotes(t *testing.T) {
	var runs []cluster.PodRun
	for i, text := range []string{
		"a: [", "---\nkind: Secret\n", "  begins indented\n", "\ttab", "tail  \n", "\n\nempty lines\n\n", "{{.Image}}", `"quotes" and 'such' \n`,
		"%YAML 1.2", "é\u2028\u0085x", "bell \a", "cr\r\n", "\ufeffmark", "",
	} {
		runs = append(runs, cluster.PodRun{Name: cluster.PodName("r", i+1), Config: text})
	}
	p := pods(runs...)
	p.Args = []string{"--listen", "*a: &b"}
	p.Mount = "/ru ns#'\""
	text, err := p.Manifest()
	check(t, err)
	maps, jobs := decode(t, text)
	if len(maps) != len(runs) {
		t.Fatalf("got %d runs, want %d", len(maps), len(runs))
	}
	for i, r := range runs {
		if got := maps[i].Data["config.toml"]; strings.TrimRight(got, "\n") != strings.TrimRight(r.Config, "\n") {
			t.Errorf("got %q, want %q", got, r.Config)
		}
		command := jobs[i].Spec.Template.Spec.Containers[0].Command
		if command[4] != p.Mount+"/"+r.Name || command[len(command)-1] != p.Args[1] {
			t.Errorf("got %q", command)
		}
	}
}

// TestManifestKubectl has kubectl decode a manifest into its own types and print it
// again: a field that they do not have would be gone.
func TestManifestKubectl(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("no kubectl")
	}
	text, err := pods(cluster.PodRun{Name: "a", Config: "x"}).Manifest()
	check(t, err)
	_, job, _ := strings.Cut(text, "---\n")
	cmd := exec.Command(kubectl, "set", "image", "--local", "--filename=-", "trainer=other", "--output=json")
	cmd.Stdin = strings.NewReader(job)
	out, err := cmd.Output()
	check(t, err)
	var want map[string]any
	check(t, yaml.Unmarshal([]byte(job), &want))
	b, err := json.Marshal(want)
	check(t, err)
	var got, had any
	check(t, json.Unmarshal(bytes.Replace(out, []byte(`"other"`), []byte(`"ghcr.io/me/innate:1"`), 1), &got))
	check(t, json.Unmarshal(b, &had))
	contains(t, "job", got, had)
}

// contains reports what of want is not in got.
func contains(t *testing.T, at string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for k, v := range want {
			contains(t, at+"."+k, g[k], v)
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(want) {
			t.Errorf("%s: got %v, want %v", at, got, want)
			return
		}
		for i, v := range want {
			contains(t, at, g[i], v)
		}
	default:
		if got != want {
			t.Errorf("%s: got %v, want %v", at, got, want)
		}
	}
}

// TestManifestRefuses names the flag, what it got and what it wants.
func TestManifestRefuses(t *testing.T) {
	for want, change := range map[string]func(*cluster.Pods){
		`kubernetes: --image: got "", want an image`:               func(p *cluster.Pods) { p.Image = "" },
		`kubernetes: --image: got "a b", want an image`:            func(p *cluster.Pods) { p.Image = "a b" },
		`kubernetes: --claim: got "Runs_1", want the name`:         func(p *cluster.Pods) { p.Claim = "Runs_1" },
		`kubernetes: --namespace: got "a/b", want a name`:          func(p *cluster.Pods) { p.Namespace = "a/b" },
		`kubernetes: --gpu-resource: got "gpu:1", want the name`:   func(p *cluster.Pods) { p.GPUResource = "gpu:1" },
		`kubernetes: --mem: got "16 GB", want an amount`:           func(p *cluster.Pods) { p.Memory = "16 GB" },
		`kubernetes: --mount: got "runs", want the absolute path`:  func(p *cluster.Pods) { p.Mount = "runs" },
		`kubernetes: --mount: got "/", want`:                       func(p *cluster.Pods) { p.Mount = "/" },
		`kubernetes: --grace: want a second or more`:               func(p *cluster.Pods) { p.Grace = 0 },
		`kubernetes: run "A": want at most 63 lower-case letters`:  func(p *cluster.Pods) { p.Runs[0].Name = "A" },
		`kubernetes: a config of 1048577 bytes, want at most 1048`: func(p *cluster.Pods) { p.Runs[0].Config = strings.Repeat("#", 1<<20+1) },
	} {
		p := pods(cluster.PodRun{Name: "a"})
		change(&p)
		if _, err := p.Manifest(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for name, want := range map[string]string{
		"mnist-gdd-i": "innate-mnist-gdd-i-2", "Ümläut__X ": "innate-ml-ut-x-2", strings.Repeat("x", 99): "innate-" + strings.Repeat("x", 54) + "-2", "…": "innate-run-2",
	} {
		if got := cluster.PodName(name, 2); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

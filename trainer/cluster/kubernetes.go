package cluster

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"
	"unicode/utf8"
)

// Again is the exit status of a trainer in a pod that ended before its run was
// done: the Job's failure policy has another pod resume it. It is EX_TEMPFAIL of
// sysexits.h, which neither the Go runtime nor a shell uses.
const Again = 75

// Pods are jobs of Kubernetes that train runs, each in a pod of its own. The run
// directory lies on a volume; the configuration travels in a ConfigMap.
type Pods struct {
	Namespace string // "" for the one in which the manifest is applied
	Image     string // has innate on its path, and for a GPU a PyTorch
	Claim     string // PersistentVolumeClaim of the runs
	Mount     string // where the pod has it: runs are directories in there

	GPUs        int
	GPUResource string // such as nvidia.com/gpu
	CPUs        int    // 0 for no limit
	Memory      string // a quantity, as Kubernetes reads it; "" for no limit

	Grace time.Duration // from TERM to KILL: a step and its checkpoint
	Args  []string      // of innate train, beside the run
	Runs  []PodRun
}

// PodRun is one run: the names of its Job, and of its directory on the volume.
type PodRun struct {
	Name   string
	Config string // the text of config.toml
}

// PodName makes a name of Kubernetes from that of a run: at most 63 lower-case
// letters, digits and dashes. number tells several of one name apart, 0 for a
// single one.
func PodName(name string, number int) string {
	lower := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-")
	end := ""
	if number > 0 {
		end = "-" + strconv.Itoa(number)
	}
	const most = 63 - len("innate-")
	lower = strings.Trim(lower, "-")
	return "innate-" + cmp.Or(strings.Trim(lower[:min(len(lower), most-len(end))], "-"), "run") + end
}

var (
	label     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)             // RFC 1123
	subdomain = regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`)            // of claims
	resource  = regexp.MustCompile(`^([-.a-z0-9]+/)?[A-Za-z0-9][-._A-Za-z0-9]*$`) // nvidia.com/gpu
	quantity  = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$`)
	reference = regexp.MustCompile(`^[A-Za-z0-9][-._:@/A-Za-z0-9]*$`) // of an image
)

// check holds the values against what the API server takes.
func (p Pods) check() error {
	for _, c := range []struct {
		flag, got, want string
		form            *regexp.Regexp
		most            int
		optional        bool
	}{
		{"--image", p.Image, "an image, such as ghcr.io/me/innate:1", reference, 512, false},
		{"--claim", p.Claim, "the name of a PersistentVolumeClaim that holds the runs", subdomain, 253, false},
		{"--namespace", p.Namespace, "a name of lower-case letters, digits and dashes", label, 63, true},
		{"--gpu-resource", p.GPUResource, "the name of a resource, such as nvidia.com/gpu", resource, 317, false},
		{"--mem", p.Memory, "an amount of memory, such as 16Gi", quantity, 32, true},
	} {
		if c.got == "" && c.optional {
			continue
		}
		if !c.form.MatchString(c.got) || len(c.got) > c.most {
			return fmt.Errorf("kubernetes: %s: got %q, want %s", c.flag, c.got, c.want)
		}
	}
	if !path.IsAbs(p.Mount) || strings.ContainsRune(p.Mount, ':') || path.Clean(p.Mount) == "/" {
		return fmt.Errorf("kubernetes: --mount: got %q, want the absolute path of a directory, without a colon", p.Mount)
	}
	if p.Grace < time.Second {
		return errors.New("kubernetes: --grace: want a second or more")
	}
	size := 0
	for _, r := range p.Runs {
		if !label.MatchString(r.Name) || len(r.Name) > 63 {
			return fmt.Errorf("kubernetes: run %q: want at most 63 lower-case letters, digits and dashes", r.Name)
		}
		size = max(size, len(r.Config))
	}
	if size > 1<<20 { // etcd's bound of a ConfigMap
		return fmt.Errorf("kubernetes: a config of %d bytes, want at most %d", size, 1<<20)
	}
	return nil
}

// limits are the resources of a pod, in the order of the manifest.
func (p Pods) limits() (list []limit) {
	if p.GPUs > 0 {
		list = append(list, limit{p.GPUResource, strconv.Itoa(p.GPUs)})
	}
	if p.CPUs > 0 {
		list = append(list, limit{"cpu", strconv.Itoa(p.CPUs)})
	}
	if p.Memory != "" {
		list = append(list, limit{"memory", p.Memory})
	}
	return list
}

type limit struct{ Name, Amount string }

//go:embed manifest.yaml
var manifestText string

// manifest is filled in with JSON strings, which are scalars of YAML, too, so that
// nothing in a value can be taken for structure.
var manifest = template.Must(template.New("manifest").
	Funcs(template.FuncMap{"quote": quoteYAML, "literal": literalYAML}).Parse(manifestText))

// literalYAML writes a text as a block of lines, below a key that is indented by
// two, or quoted if it has characters that a block cannot hold.
func literalYAML(s string) (string, error) {
	odd := func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) || r == utf8.RuneError }
	if !utf8.ValidString(s) || strings.ContainsFunc(s, odd) {
		return quoteYAML(s)
	}
	var b strings.Builder
	b.WriteString("|2")
	for line := range strings.Lines(strings.TrimRight(s, "\n")) {
		b.WriteString("\n    " + strings.TrimSuffix(line, "\n"))
	}
	return b.String(), nil
}

func quoteYAML(s string) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return "", err
	}
	var quoted strings.Builder
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		if r > unicode.MaxASCII && !unicode.IsPrint(r) { // a line break to YAML, or nothing that it reads
			fmt.Fprintf(&quoted, `\U%08x`, r)
		} else {
			quoted.WriteRune(r)
		}
	}
	return quoted.String(), nil
}

// Manifest is the text for kubectl apply: for each run a ConfigMap and a Job.
func (p Pods) Manifest() (string, error) {
	if err := p.check(); err != nil {
		return "", err
	}
	type filled struct {
		PodRun
		Command []string
	}
	data := struct {
		Pods
		Again, GraceSeconds int
		Limits              []limit
		Runs                []filled
	}{Pods: p, Again: Again, GraceSeconds: int(p.Grace.Seconds()), Limits: p.limits()}
	for _, r := range p.Runs {
		command := append([]string{"innate", "train", "/etc/innate/config.toml", "--out", path.Join(p.Mount, r.Name), "--requeue"}, p.Args...)
		data.Runs = append(data.Runs, filled{r, command})
	}
	var b strings.Builder
	if err := manifest.Execute(&b, data); err != nil {
		return "", fmt.Errorf("kubernetes: %w", err)
	}
	return b.String(), nil
}

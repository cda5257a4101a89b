package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/run"
)

func (c *cli) freezeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "freeze RUN", Short: "changes which layers train",
		Args: oneRun, ValidArgsFunction: c.completeRun(alive),
		Example: examples("freeze 3 --preset gdd-i", "as the paper freezes",
			"freeze 3 --freeze 'dec.28x28_*'", "a block beside the preset's",
			"freeze 3 --preset none --freeze '' --train ''", "all layers train",
			"freeze 3 --at 20 --preset none", "all do from 20 kimg on",
			"freeze 3 --rate 'dec.*=0.1'", "a tenth of the learning rate"),
	}
	f := cmd.Flags()
	preset := f.String("preset", "", "`name`: "+strings.Join(configs.FreezePresets(), " | "))
	freeze := globs(f, "freeze", "`glob` of parameters to freeze beside the preset's, such as 'dec.28x28_*'; may be repeated, '' for none")
	train := globs(f, "train", "`glob` of parameters to train all the same; may be repeated, '' for none")
	at := kimgFlag(f, "at", "make it an entry of the schedule, in force from that many `kimg` on; what it leaves out is none")
	remove := kimgFlag(f, "remove", "take the entry at that many `kimg` out of the schedule")
	rate := f.String("rate", "", "factor of the learning rate in (0, 1], as `glob=factor`")
	list := f.Bool("list", false, "print what is in force, the schedule and the rates")
	asJSON := jsonFlag(f)
	complete(cmd, "preset", completeFreezePreset)
	complete(cmd, "freeze", c.completeLayer)
	complete(cmd, "train", c.completeLayer)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := find(c.runs, args[0])
		if err != nil {
			return err
		}
		r := control.FreezeRequest{Freeze: *freeze, Train: *train, AtKimg: *at, RemoveKimg: *remove}
		if *preset != "" {
			r.Preset = preset
		}
		if *rate != "" {
			if r.Rate, err = parseRate(*rate); err != nil {
				return err
			}
		}
		if *list || *asJSON {
			return c.listFreezing(dir, *asJSON)
		}
		if err := r.Validate(); err != nil {
			if r.Preset == nil && r.Freeze == nil && r.Train == nil && r.AtKimg == nil && r.RemoveKimg == nil && r.Rate == nil {
				return usagef("freeze: want --preset, --freeze or --train, --at, --remove, --rate or --list")
			}
			return usagef("%v", err)
		}
		ctx, cancel := waiting(cmd.Context(), commandTimeout)
		defer cancel()
		st, err := control.NewClient(dir).Freeze(ctx, r)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s: %.1f %% of %d parameters frozen%s\n", st.Run, 100*st.FrozenFraction, st.Params, nextFreezing(st))
		return nil
	}
	return cmd
}

// nextFreezing words what the schedule brings next; "" for nothing.
func nextFreezing(st run.Status) string {
	next, ok := st.NextFreezing()
	if !ok {
		return ""
	}
	text := fmt.Sprintf(", %.1f %% from %v kimg on", 100*next.Fraction, float64(next.Nimg)/1000)
	if next.Nimg > st.TotalNimg {
		text += ", which is beyond live.total_kimg"
	}
	return text
}

// parseRate reads glob=factor.
func parseRate(s string) (*control.RateRequest, error) {
	glob, factor, ok := strings.Cut(s, "=")
	x, err := strconv.ParseFloat(factor, 64)
	if !ok || err != nil || strings.TrimSpace(glob) == "" {
		return nil, usagef("freeze: --rate %s, want glob=factor, such as 'dec.*=0.1'", s)
	}
	return &control.RateRequest{Globs: []string{glob}, Factor: x}, nil
}

// freezingJSON is what freeze --json prints.
type freezingJSON struct {
	Preset   string           `json:"preset"`
	Freeze   []string         `json:"freeze"`
	Train    []string         `json:"train"`
	Rule     *run.RuleStatus  `json:"rule,omitempty"` // what the rule has decided over these
	Schedule []scheduleJSON   `json:"schedule"`
	Rates    []map[string]any `json:"rates"`
}

type scheduleJSON struct {
	AtKimg  float64  `json:"at_kimg"`
	Preset  string   `json:"preset"`
	Freeze  []string `json:"freeze"`
	Train   []string `json:"train"`
	InForce bool     `json:"in_force"`
}

// listFreezing prints what config.toml says of freezing, and what of it is in force.
func (c *cli) listFreezing(dir string, asJSON bool) error {
	_, cfg, err := configs.Open(filepath.Join(dir, run.ConfigFile))
	if err != nil {
		return err
	}
	info, err := run.ReadInfo(dir)
	if err != nil {
		return err
	}
	table, entry := cfg.Freeze.InForce(info.Status.Nimg)
	if asJSON {
		out := freezingJSON{table.Preset, table.Freeze, table.Train, info.Status.FreezeRule, []scheduleJSON{}, []map[string]any{}}
		for k, e := range cfg.Freeze.Schedule {
			out.Schedule = append(out.Schedule, scheduleJSON{e.AtKimg, e.Preset, e.Freeze, e.Train, k == entry})
		}
		for _, r := range cfg.Rates {
			out.Rates = append(out.Rates, map[string]any{"glob": r.Glob, "factor": r.Factor})
		}
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		return enc.Encode(out)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	row := func(at, what string, inForce bool) {
		if inForce {
			what += ", in force"
		}
		fmt.Fprintf(w, "%s\t%s\n", at, what)
	}
	base := configs.FreezeFrom{Preset: cfg.Freeze.Preset, Freeze: cfg.Freeze.Freeze, Train: cfg.Freeze.Train}
	row("from the start", base.What(), entry < 0)
	for k, e := range cfg.Freeze.Schedule {
		row(fmt.Sprintf("from %v kimg", e.AtKimg), e.What(), k == entry)
	}
	if rule := info.Status.FreezeRule; rule != nil {
		decided := configs.FreezeFrom{Freeze: rule.Frozen, Train: rule.Thawed}
		if len(rule.Frozen)+len(rule.Thawed) > 0 {
			row("by rule", decided.What(), true)
		}
		if rule.NextNimg > 0 {
			row("rule", fmt.Sprintf("decides at %v kimg", float64(rule.NextNimg)/1000), false)
		}
	}
	for _, r := range cfg.Rates {
		row("rate", fmt.Sprintf("%s %v", r.Glob, r.Factor), false)
	}
	return nil
}

// kimgFlag is a flag of thousands of images; nil if it was not given.
func kimgFlag(f *pflag.FlagSet, name, usage string) **float64 {
	var kimg *float64
	f.Func(name, usage, func(s string) error {
		x, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil || !(x >= 0 && x <= 1e9) {
			return fmt.Errorf("got %q, want thousands of images, such as 12.5", s)
		}
		kimg = &x
		return nil
	})
	return &kimg
}

// globs is a flag that collects globs; nil if it was not given, and empty if it
// was given as ”.
func globs(f *pflag.FlagSet, name, usage string) **[]string {
	var list *[]string
	f.Func(name, usage, func(s string) error {
		if list == nil {
			list = &[]string{}
		}
		if s = strings.TrimSpace(s); s != "" {
			*list = append(*list, s)
		}
		return nil
	})
	return &list
}

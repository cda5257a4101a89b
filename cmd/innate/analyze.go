package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/models/device/devices"
	"innate/models/weights"
	"innate/trainer"
	"innate/trainer/analysis"
	"innate/trainer/data"
	"innate/trainer/figures"
	"innate/trainer/method"
	"innate/trainer/run"
)

// analyzeCommand has a command for each analysis.
func (c *cli) analyzeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "analyze WHAT RUN", Short: "weights, layers, spectra and mismatch, as heat maps",
		Example: examples("analyze weights 3", "of run 3 against its teacher", "analyze weights 3 4", "of two runs, side by side",
			"analyze layers 3 --ablation", "blocks by noise level", "analyze spectra 3", "power by frequency",
			"analyze mismatch 3 --n 5000", "against the teacher in k steps", "analyze suggest 3", "a [freeze] table from what was found"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("analyze: got %q, want one of %s", args[0], strings.Join(subcommandNames(cmd), ", "))
			}
			return usagef("analyze: want one of %s", strings.Join(subcommandNames(cmd), ", "))
		},
	}
	cmd.AddCommand(c.analyzeWeights(), c.analyzeLayers(), c.analyzeSpectra(), c.analyzeMismatch(), c.analyzeSuggest())
	return cmd
}

func subcommandNames(cmd *cobra.Command) (names []string) {
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return names
}

// analyzeFlags are those that analyses have in common.
type analyzeFlags struct {
	against *string
	out     *string
	json    *bool

	// Of those that run networks.
	n, threads *int
	nice       *int
	seed       *uint64
	device     *string
	dataset    *string
}

func newAnalyzeFlags(cmd *cobra.Command) *analyzeFlags {
	f := cmd.Flags()
	return &analyzeFlags{
		against: pathFlag(f, "against", "", "`network` to compare with: a RUN, FILE, builtin:NAME; default: the run's teacher"),
		out:     pathFlag(f, "out", "", "`directory` for JSON, CSV and PNG; default: "+run.AnalysisDir+" of the run"),
		json:    jsonFlag(f),
	}
}

// running adds the flags of an analysis that runs networks on n images.
func (a *analyzeFlags) running(cmd *cobra.Command, n int) {
	f := cmd.Flags()
	a.n = countFlag(f, "n", n, 1, maxImages, "`images`")
	a.seed = f.Uint64("seed", 0, "first `seed` of the noise; every image has its own")
	a.threads, a.device = threadsFlag(f), deviceFlag(cmd)
	a.nice = countFlag(f, "nice", 0, 0, 19, "`niceness` of this process: 19 gives way to everything else")
}

// withImages adds the flag of an analysis that looks at real images.
func (a *analyzeFlags) withImages(cmd *cobra.Command) {
	a.dataset = pathFlag(cmd.Flags(), "dataset", "", "`set` of real images: "+strings.Join(imageSets(), " | ")+", or a path; default: the run's, or "+imageSets()[0])
}

// subject is what an analysis is of.
type subject struct {
	*analysis.Network
	dir string          // of the run that it is, or is of; "" for none
	cfg *configs.Config // of that run
}

// subject opens what ref names.
func (c *cli) subject(ref string) (s subject, err error) {
	file, err := useNetwork(c, c.runs, ref)
	if err != nil {
		return s, err
	}
	if s.Network, err = analysis.Open(ref, file); err != nil {
		return s, err
	}
	dir, path, err := runOrFile(c.runs, ref)
	if err != nil { // builtin:NAME and the like
		return s, nil
	}
	if path != "" {
		dir, _ = run.Owner(path)
	}
	if dir == "" {
		return s, nil
	}
	s.dir = dir
	s.cfg, err = configs.Load(filepath.Join(dir, run.ConfigFile))
	return s, err
}

// teacher opens what the subject is compared with: what --against names, or what its
// run started from.
func (c *cli) teacher(s subject, against string) (*analysis.Network, error) {
	if against != "" {
		file, err := useNetwork(c, c.runs, against)
		if err != nil {
			return nil, err
		}
		return analysis.Open(against, file)
	}
	if s.cfg == nil {
		return nil, usagef("analyze: %s: of no run, want --against NETWORK", s.Name)
	}
	if s.cfg.Model.Init == "" {
		return nil, usagef("analyze: %s: model.init is empty: it has no teacher, want --against NETWORK", s.Name)
	}
	file, err := weights.Open(configs.Locate(s.dir, s.cfg.Model.Init))
	if err != nil {
		return nil, err
	}
	return analysis.Open(s.cfg.Model.Init, file)
}

// images opens the real images of an analysis.
func (a *analyzeFlags) images(s subject) (data.Dataset, error) {
	switch {
	case *a.dataset != "":
		return openSet(*a.dataset)
	case s.cfg != nil:
		return method.OpenData(s.cfg, s.dir)
	}
	return openSet(imageSets()[0])
}

// folder is where results go; "" for nowhere.
func (a *analyzeFlags) folder(s subject) (string, error) {
	switch {
	case *a.out != "":
		return *a.out, outsideRun(filepath.Join(*a.out, "x"+figures.Ext))
	case s.dir != "":
		if err := writable(s.dir); err != nil {
			return "", fmt.Errorf("%w; --out DIR says where else", err)
		}
		return filepath.Join(s.dir, run.AnalysisDir), nil
	}
	return "", nil
}

// perform runs an analysis, says how far it is, and stores and prints what it finds.
// An interrupt ends it with nothing stored.
func (c *cli) perform(ctx context.Context, a *analyzeFlags, s subject, kind string,
	work func(ctx context.Context, report func(done, total int)) (*figures.Report, error)) (err error) {
	folder, err := a.folder(s)
	if err != nil {
		return err
	}
	r, err := c.store(ctx, folder, kind, work)
	if err != nil {
		return err
	}
	if *a.json {
		return printJSON(c.out, r)
	}
	if err := r.Print(c.out); err != nil || folder == "" {
		return err
	}
	_, err = fmt.Fprintf(c.out, "\n%s\n", filepath.Join(folder, r.Name+figures.Ext))
	return err
}

// networks runs an analysis that runs networks.
func (c *cli) networks(ctx context.Context, a *analyzeFlags, s subject, kind string,
	work func(ctx context.Context, setup analysis.Setup) (*figures.Report, error)) error {
	if err := trainer.Renice(*a.nice); err != nil {
		return err
	}
	dev, err := devices.Open(*a.device, devices.Options{Threads: *a.threads})
	if err != nil {
		return err
	}
	defer dev.Close()
	setup := analysis.Setup{Dev: dev, N: *a.n, Seed: *a.seed}
	if a.dataset != nil {
		if setup.Images, err = a.images(s); err != nil {
			return err
		}
		defer data.Close(setup.Images)
	}
	return c.perform(ctx, a, s, kind, func(ctx context.Context, report func(done, total int)) (*figures.Report, error) {
		setup.Report = report
		return work(ctx, setup)
	})
}

// store runs an analysis and keeps what it finds in a folder, unless that is "".
func (c *cli) store(ctx context.Context, folder, kind string,
	work func(ctx context.Context, report func(done, total int)) (*figures.Report, error)) (r *figures.Report, err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	line := newCountLine(c)
	report := line.report
	if folder != "" {
		working, err := figures.Begin(folder, kind, stop)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, working.End(err)) }()
		report = func(done, total int) {
			line.report(done, total)
			working.Report(done, total)
		}
	}
	r, err = work(ctx, report)
	line.clear()
	if errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("%s: interrupted: nothing is stored", kind)
	}
	if err != nil {
		return nil, err
	}
	r.Time = time.Now().UTC().Truncate(time.Second)
	if folder == "" {
		return r, nil
	}
	return r, figures.Write(folder, r)
}

func (c *cli) analyzeWeights() *cobra.Command {
	cmd := &cobra.Command{
		Use: "weights RUN|FILE [RUN|FILE]", Short: "how far weights went, in direction and in norm", ValidArgsFunction: c.completeNetwork,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return usagef("analyze weights: got %d arguments, want one or two of %s", len(args), wantNetwork)
			}
			return nil
		},
	}
	a := newAnalyzeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var first subject
		var pairs []analysis.Pair
		for i, ref := range args {
			s, err := c.subject(ref)
			if err != nil {
				return err
			}
			before, err := c.teacher(s, *a.against)
			if err != nil {
				return err
			}
			if i == 0 {
				first = s
			}
			pairs = append(pairs, analysis.Pair{After: s.Network, Before: before})
		}
		return c.perform(cmd.Context(), a, first, "weights", func(context.Context, func(done, total int)) (*figures.Report, error) {
			return analysis.Weights(pairs...)
		})
	}
	return cmd
}

func (c *cli) analyzeLayers() *cobra.Command {
	cmd := &cobra.Command{
		Use: "layers RUN|FILE", Short: "how blocks depend on the noise level (E6)", Args: oneArg(wantNetwork), ValidArgsFunction: c.completeNetwork,
	}
	a := newAnalyzeFlags(cmd)
	a.running(cmd, 64)
	a.withImages(cmd)
	var how analysis.Look
	cmd.Flags().BoolVar(&how.Noise, "noise", false, "feed sigma z alone, and not real images under noise")
	cmd.Flags().BoolVar(&how.Ablation, "ablation", false, "also switch off each block at each noise level, which takes as many times longer as there are blocks")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := c.subject(args[0])
		if err != nil {
			return err
		}
		return c.networks(cmd.Context(), a, s, "layers", func(ctx context.Context, setup analysis.Setup) (*figures.Report, error) {
			return analysis.Layers(ctx, setup, s.Network, how)
		})
	}
	return cmd
}

func (c *cli) analyzeSpectra() *cobra.Command {
	cmd := &cobra.Command{
		Use: "spectra RUN|FILE", Short: "power of images by frequency (E7)", Args: oneArg(wantNetwork), ValidArgsFunction: c.completeNetwork,
	}
	a := newAnalyzeFlags(cmd)
	a.running(cmd, 64)
	a.withImages(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := c.subject(args[0])
		if err != nil {
			return err
		}
		var before *analysis.Network
		if *a.against != "" || s.cfg != nil && s.cfg.Model.Init != "" {
			if before, err = c.teacher(s, *a.against); err != nil {
				return err
			}
		}
		return c.networks(cmd.Context(), a, s, "spectra", func(ctx context.Context, setup analysis.Setup) (*figures.Report, error) {
			return analysis.Spectra(ctx, setup, s.Network, before)
		})
	}
	return cmd
}

func (c *cli) analyzeMismatch() *cobra.Command {
	cmd := &cobra.Command{
		Use: "mismatch RUN|FILE", Short: "the student against its teacher in k steps (E1)", Args: oneArg(wantNetwork), ValidArgsFunction: c.completeNetwork,
	}
	a := newAnalyzeFlags(cmd)
	a.running(cmd, 5000)
	steps := cmd.Flags().IntSlice("steps", analysis.MismatchSteps, "`steps` of the teacher's sampler")
	linear := pathFlag(cmd.Flags(), "lpips", "", "linear `weights` of LPIPS, its package's vgg.pth, for a column of it; default: none")
	maps := pathFlag(cmd.Flags(), "maps", "fetch:vgg16-397923af.pth", "torchvision's vgg16 `weights`, for --lpips; default: fetch:vgg16-397923af.pth")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, k := range *steps {
			if k < 1 || k > maxSteps {
				return usagef("analyze mismatch --steps: got %d, want 1 to %d", k, maxSteps)
			}
		}
		s, err := c.subject(args[0])
		if err != nil {
			return err
		}
		teacher, err := c.teacher(s, *a.against)
		if err != nil {
			return err
		}
		var lpips *analysis.Perceptual
		if *linear != "" {
			if lpips, err = analysis.OpenLPIPS(*linear, *maps); err != nil {
				return err
			}
		}
		return c.networks(cmd.Context(), a, s, "mismatch", func(ctx context.Context, setup analysis.Setup) (*figures.Report, error) {
			return analysis.Mismatch(ctx, setup, s.Network, teacher, s.judge(), lpips, *steps)
		})
	}
	return cmd
}

// judge is the run's first, or the built-in one.
func (s subject) judge() analysis.Judge {
	if s.cfg == nil || s.cfg.FID.Features == "" {
		return analysis.Judge{Features: "builtin:mnist-fid-cnn", Input: "own", Reference: "builtin:mnist-fid-ref"}
	}
	j := s.cfg.FID.Judge
	return analysis.Judge{Features: configs.Locate(s.dir, j.Features), Input: j.Input, Reference: configs.Locate(s.dir, j.Reference)}
}

// countLine says on standard error how far an analysis is.
type countLine struct {
	liveLine
	begun time.Time
}

func newCountLine(c *cli) *countLine {
	now := time.Now()
	return &countLine{liveLine{out: c.err, terminal: c.errTerminal, redraw: 250 * time.Millisecond, log: 30 * time.Second, shown: now}, now}
}

func (l *countLine) report(done, total int) {
	now := time.Now()
	if total <= 0 || !l.due(now) {
		return
	}
	text := strconv.Itoa(100*done/total) + " %"
	if done > 0 {
		left := time.Duration(float64(now.Sub(l.begun)) / float64(done) * float64(total-done))
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	l.show(now, text)
}

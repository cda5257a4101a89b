package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"innate/configs"
	"innate/metrics"
	"innate/models/atomicfile"
	"innate/models/device"
	"innate/models/device/devices"
	"innate/models/features"
	"innate/models/filetype"
	"innate/models/published"
	"innate/models/weights"
	"innate/trainer/data"
	datafiles "innate/trainer/data/files"
	"innate/trainer/evaluation"
	"innate/trainer/loop"
	"innate/trainer/results"
	"innate/trainer/run"
)

// fidFlags say how to measure.
type fidFlags struct {
	drawFlags
	statistic, features, input, ref, seeds, out *string
	bestOf                                      *int
	json, noCache                               *bool
	counted, seeded, stepped                    bool // --n, --seed or --seeds, and --steps were given
}

func (c *cli) fidCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fid RUN|FILE|DIR|ZIP", Short: "FID of a network, or images; fid ref: a reference",
		Args: oneArg(wantNetwork + ", a set of images, a folder or a zip"), ValidArgsFunction: c.completeNetwork,
		Example: examples("fid 3", "of a run's averaged weights, with 5,000 images",
			"fid 3 --seeds 0-49999 --best-of 3", "as papers measure, in about three times as long",
			"fid 3 --statistic fid,kid,recall --ref mnist", "all in one pass, against the images of a set"),
	}
	f := cmd.Flags()
	s := fidFlags{
		drawFlags: newDrawFlags(cmd, countFlag(f, "n", 5000, 2, maxImages, "`images` to measure")),
		statistic: f.String("statistic", "fid", "`numbers` that are made of the features, with commas: "+strings.Join(metrics.Statistics.Names(), " | ")),
		features:  featuresFlag(f),
		input:     inputFlag(cmd),
		ref:       pathFlag(f, "ref", "builtin:mnist-fid-ref", "`reference`: builtin:NAME, an npz or npy file, or a set of images: "+strings.Join(imageSets(), " | ")+", a folder or a zip; default: builtin:mnist-fid-ref"),
		seeds:     f.String("seeds", "", "`range` of seeds, such as 0-49999, instead of --seed and --n"),
		bestOf:    countFlag(f, "best-of", 1, 1, maxRanges, "`ranges` of seeds to measure, one after the other"),
		out:       pathFlag(f, "out", "", "`table` to add the numbers to; default: results.jsonl of the run, or of --runs"),
		json:      jsonFlag(f),
		noCache:   noCacheFlag(f),
	}
	complete(cmd, "statistic", cobra.FixedCompletions(metrics.Statistics.Names(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s.counted, s.seeded, s.stepped = f.Changed("n"), f.Changed("seed"), f.Changed("steps")
		if err := errors.Join(s.applySeeds(), checkReference(*s.ref)); err != nil {
			return err
		}
		return fid(cmd.Context(), c, args[0], s)
	}
	cmd.AddCommand(c.fidRefCommand())
	return cmd
}

// maxRanges bounds --best-of.
const maxRanges = 1000

func featuresFlag(f *pflag.FlagSet) *string {
	return pathFlag(f, "features", "builtin:mnist-fid-cnn", "feature `network`: builtin:NAME or a file; default: builtin:mnist-fid-cnn")
}

func noCacheFlag(f *pflag.FlagSet) *bool {
	return f.Bool("no-cache", false, "compute features of sets of images anew, and keep none")
}

// maxFeatureBytes bounds the features of images that are kept: of Inception's some ten
// sets of 50,000.
const maxFeatureBytes = 4 << 30

// featureCache keeps features of sets of images beside fetched files; nil for nowhere.
func featureCache(c *cli, none bool) *metrics.Cache {
	if none {
		return nil
	}
	warn := func(err error) { fmt.Fprintf(c.err, "innate: fid: %v\n", err) }
	dir, err := published.Dir()
	if err != nil {
		warn(err)
		return nil
	}
	return &metrics.Cache{Dir: filepath.Join(dir, "features"), MaxBytes: maxFeatureBytes, Warn: warn}
}

// inputFlag chooses between the programs that compute FID.
func inputFlag(cmd *cobra.Command) *string {
	names := append([]string{features.OwnInput}, features.Inputs.Names()...)
	input := cmd.Flags().String("input", features.OwnInput, "`way` in which the network gets its images: "+strings.Join(names, " | "))
	complete(cmd, "input", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	return input
}

// applySeeds makes first seed and count of --seeds.
func (s *fidFlags) applySeeds() error {
	if *s.seeds == "" {
		return nil
	}
	if s.counted || s.seeded {
		return usagef("fid --seeds: got --n or --seed, too, want one of them")
	}
	from, to, _ := strings.Cut(*s.seeds, "-")
	first, err := strconv.ParseUint(from, 10, 64)
	last, lastErr := strconv.ParseUint(to, 10, 64)
	if err != nil || lastErr != nil || last <= first || last-first >= maxImages {
		return usagef("fid: invalid value %q for --seeds: want FIRST-LAST of 2 to %d seeds", *s.seeds, maxImages)
	}
	*s.seed, *s.n, s.counted, s.seeded = first, int(last-first)+1, true, true
	return nil
}

// checkReference refuses a reference that is not there, before anything is opened.
func checkReference(ref string) error {
	if strings.HasPrefix(ref, weights.Prefix) || strings.HasPrefix(ref, published.Prefix) || slices.Contains(imageSets(), ref) {
		return nil
	}
	_, err := os.Stat(configs.ExpandHome(ref))
	if ref == "" || errors.Is(err, fs.ErrNotExist) {
		return usagef("fid --ref: got %q, which is not there, want builtin:NAME, fetch:NAME, an npz or npy file, or a set of images: %s, a folder or a zip",
			ref, strings.Join(imageSets(), " | "))
	}
	return nil // anything else is said where it is opened
}

// fid measures what arg names.
func fid(ctx context.Context, c *cli, arg string, s fidFlags) error {
	dev, err := devices.Open(*s.device, devices.Options{Threads: *s.threads})
	if err != nil {
		return err
	}
	defer dev.Close()
	subject, images, err := fidSubject(c, dev, arg, *s.steps)
	if err != nil {
		return err
	}
	defer data.Close(images)
	if subject.Len > 0 {
		if s.seeded || s.stepped {
			return usagef("fid: got --seed, --seeds or --steps for %s, a set of images, want them for a network alone", arg)
		}
		if !s.counted {
			*s.n = subject.Len
		}
	}
	table, err := fidTable(c, arg, *s.out)
	if err != nil {
		return err
	}
	progress := c.progress()
	plan := evaluation.Plan{
		Cache:      featureCache(c, *s.noCache),
		Statistics: listed(*s.statistic), Features: *s.features, Input: *s.input, Ref: *s.ref,
		N: *s.n, FirstSeed: *s.seed, Ranges: *s.bestOf, Report: progress.report,
		Record: func(list []results.Result) error {
			progress.clear()
			if err := printResults(c, list, *s.json); err != nil || table == "" {
				return err
			}
			return results.Append(table, list...)
		},
	}
	if table != "" {
		plan.Folder = filepath.Dir(table)
		plan.Known = func() ([]results.Result, error) {
			list, _, err := results.Read(table)
			return list, err
		}
		plan.Again = func(list []results.Result) error {
			progress.clear()
			return printResults(c, list, *s.json)
		}
	}
	if isSet(*s.ref) {
		if plan.RefImages, err = openSet(*s.ref); err != nil {
			return err
		}
		defer data.Close(plan.RefImages)
	}
	list, err := plan.Run(ctx, dev, subject)
	progress.clear()
	if err != nil || *s.bestOf == 1 || *s.json {
		return err
	}
	for _, sum := range results.Summarise(list) {
		fmt.Fprintln(c.out, sum)
	}
	return nil
}

// listed are the parts of a list with commas, without spaces around them.
func listed(text string) []string {
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// fidSubject opens what arg names: a network, or a set of images where no run or file
// is called so, which are then to be closed.
func fidSubject(c *cli, dev device.Device, arg string, steps int) (s evaluation.Subject, images data.Dataset, err error) {
	if _, err := run.Find(run.RunsDir(c.runs), arg); err != nil && isSet(arg) {
		if images, err = openSet(arg); err != nil {
			return s, nil, err
		}
		s = evaluation.OfSet(images)
		s.Name = arg
		return s, images, nil
	}
	file, err := useNetwork(c, c.runs, arg)
	if err != nil {
		return s, nil, err
	}
	den, k, err := denoiserIn(file, steps)
	if err != nil {
		return s, nil, err
	}
	s, err = evaluation.OfNetwork(dev, arg, file, den, k)
	return s, nil, err
}

// fidTable is where numbers of what arg names are recorded: in the run that it is, or
// is of, or else in the directory of runs; "" where there is none.
func fidTable(c *cli, arg, out string) (string, error) {
	if out != "" {
		return out, outsideRun(out)
	}
	dir, file, err := runOrFile(c.runs, arg)
	if err == nil && file != "" {
		dir, _ = run.Owner(file)
	}
	if dir == "" {
		dir = run.RunsDir(c.runs)
	}
	switch err := writable(dir); {
	case err == nil:
		return filepath.Join(dir, run.ResultsFile), nil
	case errors.Is(err, errNoFolder):
		return "", nil
	default:
		fmt.Fprintf(c.err, "innate: fid: not recorded, and begins anew if it is stopped: %v; --out FILE says where else\n", err)
		return "", nil
	}
}

// errNoFolder says that there is no folder yet.
var errNoFolder = errors.New("no such folder")

// writable reports why a file could not be written in dir.
func writable(dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: %w", dir, errNoFolder)
	}
	f, err := os.CreateTemp(dir, atomicfile.TempPattern)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(filepath.Clean(f.Name())))
}

// printResults prints numbers of one range.
func printResults(c *cli, list []results.Result, asJSON bool) error {
	for _, r := range list {
		if asJSON {
			if err := printJSON(c.out, r); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(c.out, r)
	}
	return nil
}

// fidRefCommand measures what others are compared with.
func (c *cli) fidRefCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ref FILE", Short: "reference statistics of the training images, as an npz file",
		Args: oneArg("npz FILE to write"),
	}
	noCache := noCacheFlag(cmd.Flags())
	network, input, threads, on := featuresFlag(cmd.Flags()), inputFlag(cmd), threadsFlag(cmd.Flags()), deviceFlag(cmd)
	sets := imageSets()
	dataset := cmd.Flags().String("dataset", sets[0], "`set` of images: "+strings.Join(sets, " | ")+", or the path of a zip, a folder or a file")
	complete(cmd, "dataset", cobra.FixedCompletions(sets, cobra.ShellCompDirectiveDefault))
	vectors := cmd.Flags().Bool("vectors", false, "also write the features of every image, which KID, precision, recall, density and coverage compare with")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := mayWrite(args[0], filetype.NPZ, *dataset); err != nil {
			return err
		}
		dev, err := devices.Open(*on, devices.Options{Threads: *threads})
		if err != nil {
			return err
		}
		defer dev.Close()
		images, err := openSet(*dataset)
		if err != nil {
			return err
		}
		defer data.Close(images)
		net, err := loop.OpenFeatures(*network, *input)
		if err != nil {
			return err
		}
		set, err := loop.ReferenceSet(cmd.Context(), dev, images, net, *vectors, featureCache(c, *noCache))
		if err != nil {
			return err
		}
		return metrics.SaveSet(filepath.Clean(args[0]), set)
	}
	return cmd
}

// imageSets are the data sets that need no path.
func imageSets() []string {
	return slices.DeleteFunc(data.Sources.Names(), func(name string) bool { return name == datafiles.Name })
}

// openSet opens images by the name of a data set, or a path. One that is broken is an
// error: a reference is of all images, each once.
func openSet(ref string) (data.Dataset, error) {
	o := data.Options{Path: configs.ExpandHome(ref), Stop: true}
	if slices.Contains(data.Sources.Names(), ref) {
		return data.Open(ref, o)
	}
	return data.Open(datafiles.Name, o)
}

// isSet reports whether ref names images: a data set, a folder or a zip.
func isSet(ref string) bool {
	if slices.Contains(imageSets(), ref) {
		return true
	}
	kind, err := filetype.Of(configs.ExpandHome(ref))
	return err == nil && (kind == filetype.Directory || kind == filetype.Zip)
}

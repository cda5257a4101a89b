package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"innate/trainer/run"
)

func (c *cli) noteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "note RUN [TEXT]", Short: "a note on a run, and tags (--tag); alone: prints them",
		Example: examples("note 3 'diverged at 40 kimg: lr too high'", "instead of the note before",
			"note 3 ''", "takes it away",
			"note 3 - < report.txt", "of several lines",
			"note 3 --tag paper --tag good --untag mine", "tags: innate ls --tag paper lists such runs"),
		ValidArgsFunction: c.completeRun(anyRun),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usagef("note: got %d arguments, want a RUN and one TEXT, in quotes, or - for standard input", len(args))
			}
			return nil
		},
	}
	f := cmd.Flags()
	add := f.StringArray("tag", nil, "`tag` to put on the run; may be repeated")
	remove := f.StringArray("untag", nil, "`tag` to take off; may be repeated")
	complete(cmd, "tag", c.completeTag)
	complete(cmd, "untag", c.completeTag)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := find(c.runs, args[0])
		if err != nil {
			return err
		}
		if len(args) == 1 && len(*add)+len(*remove) == 0 {
			return c.printNote(dir)
		}
		var words []string
		for _, tag := range *add {
			words = append(words, "+"+tag)
		}
		for _, tag := range *remove {
			words = append(words, "-"+tag)
		}
		var text *string
		if len(args) == 2 {
			text = &args[1]
		}
		if text != nil && *text == "-" {
			b, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), run.MaxNote+1)) // what is longer is refused
			if err != nil {
				return fmt.Errorf("note: standard input: %w", err)
			}
			*text = strings.TrimRight(string(b), "\n")
		}
		return run.Note(dir, words, text)
	}
	return cmd
}

// printNote prints what is noted of a run: its tags on one line, then the note.
func (c *cli) printNote(dir string) error {
	about, err := run.ReadAbout(dir)
	if err != nil {
		return err
	}
	if len(about.Tags) > 0 {
		fmt.Fprintln(c.out, "tags: "+strings.Join(about.Tags, " "))
	}
	if about.Note != "" {
		fmt.Fprintln(c.out, about.Note)
	}
	return nil
}

// completeTag completes tags that some run has.
func (c *cli) completeTag(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	infos, err := run.List(run.RunsDir(c.runs))
	if err != nil {
		return nil, thatIsAll
	}
	return withPrefix(run.TagsOf(infos), typed), thatIsAll
}

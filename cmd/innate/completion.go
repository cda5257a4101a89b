package main

import (
	"github.com/spf13/cobra"
)

// completionCommand prints what makes a shell complete innate's command lines.
// The shell then asks innate itself, by a hidden command of cobra's.
func completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "has TAB complete commands, runs and settings",
		Long: "Completes commands, flags, RUN names, checkpoints, presets, settings and layers.\n" +
			"bash: add to ~/.bashrc (bash-completion must be installed)\n" +
			"    source <(innate completion bash)\n" +
			"zsh: add to ~/.zshrc, after compinit\n" +
			"    source <(innate completion zsh)\n" +
			"fish: once\n" +
			"    innate completion fish > ~/.config/fish/completions/innate.fish",
		ValidArgs: shells,
		Args:      oneArg("SHELL: bash, zsh or fish"),
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return cmd.Root().GenBashCompletionV2(out, true)
			case "zsh":
				return cmd.Root().GenZshCompletion(out)
			case "fish":
				return cmd.Root().GenFishCompletion(out, true)
			}
			return usagef("completion: got %q, want bash, zsh or fish", args[0])
		},
	}
}

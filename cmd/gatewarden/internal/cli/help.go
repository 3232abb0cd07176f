package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// exitCodesKey is the annotation of a command that holds its exit codes.
const exitCodesKey = "exit codes"

// exitCodes are what --help and the manual say about a command's end: pairs of a
// code and its meaning.
func exitCodes(pairs ...string) map[string]string {
	var lines []string
	for i := 0; i+1 < len(pairs); i += 2 {
		lines = append(lines, pairs[i]+"  "+pairs[i+1])
	}
	return map[string]string{exitCodesKey: strings.Join(lines, "\n")}
}

// usage is cobra's, with the examples before the flags, and the exit codes.
const usage = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND{{else}}{{.UseLine}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}{{end}}
{{- if .HasAvailableSubCommands}}

Commands:
{{- range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
{{- with index .Annotations "exit codes"}}

Exit codes:
{{indent .}}{{end}}
{{- if .HasAvailableSubCommands}}

"{{.CommandPath}} COMMAND --help" tells more about a command.{{end}}
`

func init() {
	cobra.AddTemplateFunc("indent", func(text string) string {
		return "  " + strings.ReplaceAll(text, "\n", "\n  ")
	})
}

// completeValues offers the values of a flag to the shell.
func completeValues(cmd *cobra.Command, flag string, values ...string) {
	complete := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // the flag has another name
	}
}

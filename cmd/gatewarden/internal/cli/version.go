package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/gatewarden/gatewarden/internal/envoyversion"
)

// testedEnvoy is the Envoy that the tests of this version run against.
var testedEnvoy = envoyversion.Newest.String()

// release and commit are set by scripts/release, through the linker.
var release, commit string

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the Envoy it was tested with",
		Long: `Version prints which Gatewarden this is: the version or commit that the command
line was built from, the Go that built it, and the Envoy that its tests ran
against. Use the filter of the same version, because both share their code.`,
		Example: "  gatewarden version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version())
			return err
		},
	}
}

func version() string {
	build, _ := debug.ReadBuildInfo()
	if build != nil && release != "" {
		build.Main.Version = release
		build.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: commit}}
	}
	return describe(build)
}

// describe says in one line what is known about a build.
func describe(build *debug.BuildInfo) string {
	version, goVersion, commit, changed := "(unknown)", "", "", ""
	if build != nil {
		version, goVersion = build.Main.Version, ", built by "+build.GoVersion
		for _, setting := range build.Settings {
			switch {
			case setting.Key == "vcs.revision":
				commit = " " + setting.Value[:min(len(setting.Value), 12)]
			case setting.Key == "vcs.modified" && setting.Value == "true":
				changed = " (changed)"
			}
		}
	}
	return "gatewarden " + version + commit + changed + goVersion + ", tested with Envoy " + testedEnvoy
}

package cli

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gatewarden/gatewarden/config"
)

func newToken() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make a token for the operations endpoint",
		Long: `Make a random token for the operations endpoint, and its configuration.

The configuration has only the token's SHA-256, which is of no use for signing
in. The token itself is shown once, here. Give each person their own token, so
that the log shows who unlocked which client.`,
		Example: `  # one for yourself
  gatewarden token

  # one for a colleague
  gatewarden token --id alice`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printToken(cmd.OutOrStdout(), id, rand.Text())
		},
	}
	cmd.Flags().StringVar(&id, "id", "me", "who holds the token, as the log will name them")
	return cmd
}

func printToken(out io.Writer, id, token string) error {
	whole, err := adminConfig(id, token)
	if err != nil {
		return fmt.Errorf("--id: %w", err)
	}
	_, err = fmt.Fprintf(out, `Token, to sign in with. It is shown only now:

  %s

The configuration of an operations endpoint that knows it:

  %s
`, token, whole)
	return err
}

// adminConfig is the configuration of an operations endpoint that knows one token.
func adminConfig(id, token string) (string, error) {
	hash := sha256.Sum256([]byte(token))
	line, err := json.Marshal(struct {
		ID     string `json:"id"`
		SHA256 string `json:"sha256"`
	}{id, hex.EncodeToString(hash[:])})
	if err != nil {
		return "", err
	}
	whole := `{"admin": {"tokens": [` + string(line) + `]}}`
	_, err = config.Parse([]byte(whole), nil)
	return whole, err
}

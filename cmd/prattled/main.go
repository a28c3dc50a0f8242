// Command prattled is the server that prattle can do without on a LAN: a rendezvous
// where peers find each other by their peer IDs, and a STUN and TURN relay for those
// whose networks do not let them meet. It sees no name, no text, no picture and no
// sound.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"
)

// version is set by the Makefile.
var version = "0.1.0-dev"

func main() { os.Exit(run()) }

// run is the program without its exit, so that tests can call it.
func run() int { return explain(os.Stderr, newRootCommand().Execute()) }

func newRootCommand() *cobra.Command {
	s := new(settings)
	root := &cobra.Command{
		Use:   "prattled",
		Short: "Where prattle's peers find each other: rendezvous and relay",
		Long: `Prattled is the server of prattle: peers register with it, find each other by
their peer IDs, and are relayed if their networks do not let them meet. What they
say is sealed end to end: the server learns who wants to reach whom and when, how
much, and their addresses, and nothing else.

It prints PEERID@HOST:PORT, for ` + "`prattle --server`" + `.

  prattled                                    a rendezvous, on UDP port 7729
  prattled --relay :3478                      with a STUN and TURN relay
  prattled --listen-tls :443                  for clients without UDP, too; it needs no certificate
  prattled --public meet.example.org          as its clients know it
  prattled --allow friends.txt                for these peer IDs alone, one in a line
  prattled --nats nats://10.0.0.5:4222        one of several that serve the same peers

A setting is taken from the first of these that has it: the flag --log-level debug,
the environment PRATTLED_LOG_LEVEL=debug, the file named by --config with the line
log-level = "debug" (TOML; lists as ["a", "b"]).

SIGHUP reads the files that --allow, --block, --secret and --tls-cert name again.
SIGTERM sends the clients to other servers, lets relayed calls go on for --drain,
then stops.`,
		Args:          noArguments,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := applySettings(c.Flags(), s.config); err != nil {
				return err
			}
			return serve(c.Context(), s, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	s.addFlags(root.Flags())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &usageError{err, "see `prattled --help`"}
	})
	root.AddCommand(newVersionCommand())
	return root
}

func noArguments(c *cobra.Command, args []string) error {
	if err := cobra.NoArgs(c, args); err != nil {
		return &usageError{err, "see `prattled --help`"}
	}
	return nil
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "prattled %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// explain prints what went wrong and what to do, and returns the exit code.
func explain(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code, hint := classify(err)
	fmt.Fprintf(w, "prattled: error: %v\n", err)
	if hint != "" {
		fmt.Fprintf(w, "prattled: hint: %s\n", hint)
	}
	return code
}

// Command prattle is a video call that you start from a terminal, with no
// account and no company in the middle.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/media"
)

// version is set by the Makefile.
var version = "0.1.0-dev"

func main() { os.Exit(run()) }

// run is the program without its exit, so that tests can call it.
func run() int {
	// quic-go logs to stderr when the kernel gives it smaller buffers than it
	// likes; a call needs a tenth of them.
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	// What lives is a dozen pictures, and little is allocated: collecting twice as
	// often costs nothing that can be measured and saves as much again in memory.
	debug.SetGCPercent(50)
	defer media.RestoreTerminal()
	root := newRootCommand()
	err := root.ExecuteContext(context.Background())
	media.RestoreTerminal()
	return explain(os.Stderr, err)
}

// squeezeIn has Go use one processor. That is plenty for a call of two, whose codecs
// work outside of Go, beside it: with more, a fifth of all work is to wake threads that
// find little to do, and pictures arrive later.
func squeezeIn() { runtime.GOMAXPROCS(1) }

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "prattle",
		Short: "Peer-to-peer video calls from the terminal",
		Long: `Prattle is a video call between two terminals: no account, no server.

  prattle invite                      make a ticket for a friend, and wait for the call
  prattle call TICKET                 use it
  prattle listen                      wait for calls of your contacts
  prattle call NAME                   call a contact
  prattle call HOST                   call whoever listens there
  prattle join ROOM                   meet several people in a room of the local network
  prattle rooms                       list the rooms there
  prattle demo                        see and hear it on this machine alone`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	var config string
	root.PersistentFlags().StringVar(&config, "config", os.Getenv("PRATTLE_CONFIG"), "configuration `FILE`, or none (default: the user's own)")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return applySettings(c, config) }
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &usageError{err: err, hint: "see `prattle --help`"}
	})
	root.AddCommand(
		newListenCommand(),
		newCallCommand(),
		newInviteCommand(),
		newJoinCommand(),
		newRoomsCommand(),
		newMissedCommand(),
		newIdentityCommand(),
		newContactsCommand(),
		newDevicesCommand(),
		newDemoCommand(),
		newNetcheckCommand(),
		newVersionCommand(),
		newConfigTopic(),
	)
	for _, c := range root.Commands() {
		argsAsUsage(c)
	}
	return root
}

// argsAsUsage makes wrong arguments usage errors, of a command and those below.
func argsAsUsage(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return &usageError{err: err, hint: fmt.Sprintf("see `%s --help`", c.CommandPath())}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		argsAsUsage(sub)
	}
}

// explain prints what went wrong and what to do, and returns the exit code.
func explain(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	var stop *stopped
	if errors.As(err, &stop) {
		return stop.code
	}
	code, hint := classify(err)
	fmt.Fprintf(w, "prattle: error: %v\n", err)
	if hint != "" {
		fmt.Fprintf(w, "prattle: hint: %s\n", hint)
	}
	return code
}

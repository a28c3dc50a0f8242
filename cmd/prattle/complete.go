package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// complete lets the shell offer the values of a flag.
func complete(c *cobra.Command, flag string, values []string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(fmt.Sprintf("complete --%s: %v", flag, err)) // there is no such flag
	}
}

// completeContacts lets the shell offer the names in the contacts file, which is
// the user's own if *file is empty, for the first argument.
func completeContacts(c *cobra.Command, file *string) {
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		book, err := openBook(*file)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for _, contact := range book.list().Contacts() {
			names = append(names, contact.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

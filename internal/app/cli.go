// Package app puts the parts together: settings, one server, the commands of
// the command line. It holds no rule of the product.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// version is set by the release build.
var version = "dev"

// cli is the command line. Store and Logging go with every command.
type cli struct {
	Store   `embed:"" group:"Data"`
	Logging `embed:"" group:"Log"`

	Serve     serveCommand     `cmd:"" help:"Start the server."`
	Demo      demoCommand      `cmd:"" help:"Start a server with a community to try things out, on a fresh folder."`
	Import    importCommand    `cmd:"" help:"Import members from a file. The exit code is 1 if a row failed."`
	Community communityCommand `cmd:"" help:"Make communities."`
	User      userCommand      `cmd:"" help:"Make accounts."`
	Key       keyCommand       `cmd:"" help:"Make API keys."`
	Mail      mailCommand      `cmd:"" help:"Print the messages that have not left the server."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database to this program's schema. A server does so when it starts."`
	Backup    backupCommand    `cmd:"" help:"Write the database and all files into one archive, while the server runs."`
	Restore   restoreCommand   `cmd:"" help:"Fill an empty data folder, and an empty database, from an archive."`
	Doctor    doctorCommand    `cmd:"" help:"Check the installation and say what is wrong with it."`
	Openapi   openapiCommand   `cmd:"" help:"Print the OpenAPI document."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// shell is what a command has around it.
type shell struct {
	ctx            context.Context // done at the first SIGINT or SIGTERM
	given          string          // the data folder that was asked for, "" when none was
	store          Store
	logging        Logging
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *slog.Logger
}

// errFailedRows ends a command with a 1 and no further words: the job was
// worked to its end, and the rows it could not take have been told.
var errFailedRows = errors.New("some rows failed")

// Main runs the command that args name and returns the exit code: 0; 1 when
// the command failed or, for an import, when a row did; 2 when the command
// line is wrong.
func Main(args []string) int {
	if err := readSecretFiles(os.Environ()); err != nil {
		fmt.Fprintln(os.Stderr, "regulars:", err)
		return 2
	}
	var c cli
	parser, err := kong.New(&c, kong.Name("regulars"), kong.UsageOnError(),
		kong.Description("A server for communities and their loyalty: members, roles, rewards, imports. Every flag can also be set by the variable beside it, and a variable NAME from the file that NAME_FILE names."))
	if err != nil {
		fmt.Fprintln(os.Stderr, "regulars:", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "regulars: %v\nTry: regulars --help\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() { // a second signal ends the program at once
		<-ctx.Done()
		stop()
	}()
	given := c.Data
	if given == "" {
		c.Data = defaultFolder
	}
	sh := &shell{ctx, given, c.Store, c.Logging, os.Stdin, os.Stdout, os.Stderr, newLog(os.Stderr, c.Logging)}
	return exitCode(sh, parsed.Run(sh))
}

func exitCode(sh *shell, err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFailedRows):
	case sh.ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(sh.stderr, "regulars: stopped")
	default:
		fmt.Fprintln(sh.stderr, "regulars:", explain(err))
	}
	return 1
}

// explain is err for a person at a terminal: what it says to callers, with
// the wrong fields, rather than its code.
func explain(err error) string {
	e := errs.From(err)
	if e == nil && sqldb.IsDiskFull(err) {
		return fmt.Sprintf("The disk of the database is full. Make room on it, then try again. (%v)", err)
	}
	if e == nil {
		return err.Error()
	}
	text := e.Message
	for _, f := range e.Fields {
		text += "\n  " + f.Field + ": " + f.Message
	}
	return text
}

type versionCommand struct {
	JSON bool `name:"json" help:"Print one JSON object: {\"version\"}."`
}

// Run prints the version.
func (c versionCommand) Run(sh *shell) error {
	return answer(sh, c.JSON, map[string]any{"version": version}, "regulars "+version)
}

type openapiCommand struct{}

// Run prints the document that api/openapi.yaml in the repository holds.
func (openapiCommand) Run(sh *shell) error {
	document, err := api.Document("")
	if err != nil {
		return err
	}
	_, err = sh.stdout.Write(document)
	return err
}

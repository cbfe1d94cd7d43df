// Package app wires the features into a server and into the commands of the
// command line, and defines their settings.
package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/charset"
	"github.com/regulars/regulars/internal/sqldb"
)

// cli is the command line. Every command has the flags of storage and log.
type cli struct {
	config.StorageConfig `embed:"" group:"Data"`
	config.LogConfig     `embed:"" group:"Log"`

	Serve     serveCommand     `cmd:"" help:"Start the server."`
	Demo      demoCommand      `cmd:"" help:"Start a server with an example community in a new folder."`
	Import    importCommand    `cmd:"" help:"Import members from a file. Exits with 1 if a row failed."`
	Community communityCommand `cmd:"" help:"Create communities."`
	User      userCommand      `cmd:"" help:"Create accounts."`
	Key       keyCommand       `cmd:"" help:"Create API keys."`
	Mail      mailCommand      `cmd:"" help:"Print unsent mail."`
	Migrate   migrateCommand   `cmd:"" help:"Migrate the database to the schema of this version. The server also does this at startup."`
	Backup    backupCommand    `cmd:"" help:"Back up the database and all files to one archive. The server may be running."`
	Restore   restoreCommand   `cmd:"" help:"Restore an archive into an empty data folder and an empty database."`
	MoveFiles moveFilesCommand `cmd:"" name:"move-files" help:"Copy the uploaded files from the data folder to a bucket or back. It continues where it was interrupted."`
	Doctor    doctorCommand    `cmd:"" help:"Check the installation and report problems."`
	Openapi   openapiCommand   `cmd:"" help:"Print the OpenAPI document."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// shell is the environment of a command.
type shell struct {
	ctx            context.Context // done at the first SIGINT or SIGTERM
	given          string          // the data folder from flag or environment, "" if not set
	store          config.StorageConfig
	logging        config.LogConfig
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *slog.Logger
}

// errFailedRows is an import that finished with failed rows, already printed:
// exit code 1 without a message.
var errFailedRows = errors.New("some rows failed")

// Main runs the command named by args and returns the exit code: 0 on success,
// 1 if the command or a row of an import failed, 2 for a usage error.
func Main(args []string) int {
	if err := config.ReadSecretFiles(os.Environ()); err != nil {
		fmt.Fprintln(os.Stderr, "regulars:", err)
		return 2
	}
	var c cli
	parser, err := kong.New(&c, kong.Name("regulars"), kong.UsageOnError(),
		kong.Description("A server for communities and loyalty: members, roles, rewards, imports. Each flag can also be set by the environment variable next to it; NAME_FILE sets NAME to the content of a file."))
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
	go func() { // the second signal terminates the program
		<-ctx.Done()
		stop()
	}()
	given := c.Data
	if given == "" {
		c.Data = config.DefaultDataDir
	}
	sh := &shell{ctx, given, c.StorageConfig, c.LogConfig, os.Stdin, os.Stdout, os.Stderr, config.NewLog(os.Stderr, c.LogConfig)}
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

// explain returns the message of err for a terminal, with its invalid fields
// and without its code.
func explain(err error) string {
	e := errs.From(err)
	if e == nil && sqldb.IsDiskFull(err) {
		return fmt.Sprintf("The disk of the database is full. Free some space, then try again. (%v)", err)
	}
	if e == nil {
		return err.Error()
	}
	text := e.Sentence.CommandLine()
	for _, f := range e.Fields {
		text += "\n  " + f.Field + ": " + cmp.Or(f.Sentence.CommandLine(), f.Message)
	}
	candidates, _ := e.Details["candidates"].([]charset.Candidate)
	for _, c := range candidates {
		text += "\n  --encoding " + c.Encoding + ": " + c.Sample
	}
	return text
}

// operator is the actor of commands.
var operator = actor.Actor{Kind: actor.Command, Name: "command line"}

// withServices runs f with the services of an installation. It fails if the
// secret key is not the one the database was sealed with.
func withServices(sh *shell, f func(*Services) error) error {
	return withUncheckedServices(sh, func(p *Services) error {
		if p.keyErr != nil {
			return p.keyErr
		}
		return f(p)
	})
}

// withUncheckedServices is withServices without the check of the secret key.
func withUncheckedServices(sh *shell, f func(*Services) error) (err error) {
	config, err := config.Default()
	if err != nil {
		return err
	}
	config.StorageConfig, config.LogConfig = sh.store, sh.logging
	services, err := openServices(sh.ctx, config, clock.Clock{}, sh.log, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, services.Close()) }()
	return f(services)
}

// writeResult prints the result of a command: one JSON object, or a sentence.
func writeResult(sh *shell, asJSON bool, object map[string]any, sentence string) error {
	if !asJSON {
		_, err := fmt.Fprintln(sh.stdout, sentence)
		return err
	}
	return json.NewEncoder(sh.stdout).Encode(object)
}

type versionCommand struct {
	JSON bool `name:"json" help:"Print one JSON object: {\"version\"}."`
}

// Run prints the version.
func (c versionCommand) Run(sh *shell) error {
	return writeResult(sh, c.JSON, map[string]any{"version": version}, "regulars "+version)
}

type openapiCommand struct{}

// Run prints the OpenAPI document, as in api/openapi.yaml of the repository.
func (openapiCommand) Run(sh *shell) error {
	document, err := API().OpenAPI().YAML()
	if err != nil {
		return err
	}
	_, err = sh.stdout.Write(document)
	return err
}

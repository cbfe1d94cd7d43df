package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/idempotency"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// Parts is the product without its ways in: what a server and the commands
// both stand on.
type Parts struct {
	DB          *sqldb.DB
	Keys        *seal.Keyring // nil: see keyProblem
	Files       *blob.Dir
	Jobs        *jobs.Engine // not started
	Once        *idempotency.Store
	Counts      *ratelimit.Counter
	Mail        *mail.Mail
	Communities *community.Communities
	Pictures    *media.Library
	Fields      *field.Fields
	Members     *member.Members
	Accounts    *account.Accounts
	Access      *access.Access
	Chat        *chat.Chat
	Bulk        *bulk.Bulk

	baseURL    string // address of the server, known once it listens
	clock      clock.Clock
	log        *slog.Logger
	keyProblem error // why nothing but looking is safe here: the key is another one
}

// openParts opens and migrates the database, opens the files and puts the
// features together, from the lowest to the highest. node is the id of a
// server, "" for a command. Whoever does more than look ends with keyProblem.
func openParts(ctx context.Context, c Config, now clock.Clock, log *slog.Logger, node string) (*Parts, error) {
	if err := checkFolder(c.Store); err != nil {
		return nil, err
	}
	p := &Parts{clock: now, log: log}
	var err error
	if p.Files, err = blob.Open(c.filesFolder()); err != nil {
		return nil, err
	}
	p.Files.SetMinFree(c.MinFreeMiB << 20)
	if p.DB, err = sqldb.Open(ctx, c.address(), c.options()); err != nil {
		return nil, errors.Join(err, p.Files.Close())
	}
	if err := checkProgram(ctx, p.DB); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.DB.Migrate(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.openKeys(ctx, c.Store); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.Jobs = jobs.New(p.DB, now, log, jobs.EngineOptions{
		Workers: c.Workers, Lease: c.Lease, NodeID: node,
		ReclaimAll: node != "" && p.DB.Dialect() == sqldb.SQLite, // who has the folder's lock is the only server then
	})
	if err := p.assemble(c); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// assemble constructs the features, from the lowest layer to the highest.
func (p *Parts) assemble(c Config) (err error) {
	now, log := p.clock, p.log
	p.Once, p.Counts = idempotency.New(p.DB, now), ratelimit.New(p.DB, now)
	if p.Mail, err = mail.New(mail.Deps{DB: p.DB, Jobs: p.Jobs, Clock: now, Log: log, Keys: p.Keys, SMTPURL: c.SMTPURL, From: c.MailFrom, PerHour: c.PerHour, UnconfirmedPerHour: c.StrangersPerHour}); err != nil {
		return err
	}
	p.Communities = community.New(p.DB, now)
	p.Communities.SetRules(c.rules())
	p.Fields = field.New(p.DB, now)
	p.Members = member.New(p.DB, now)
	p.Communities.OnCreate(p.Members.Found)
	p.Communities.OnChange(member.CheckJoining)
	p.Communities.OnChange(member.CheckLogo)
	p.Communities.OnErase(member.EraseMemberships)
	p.Accounts = account.New(account.Deps{
		DB: p.DB, Clock: now, Log: log, Keys: p.Keys, Mail: p.Mail, Closed: c.Registration == "closed", BaseURL: p.url, Provider: c.Signing.provider(),
		GivenName: member.Memberships{}.GivenName, LimitSession: access.LimitedSessions(member.Memberships{}, now), RevokeKeys: access.RevokeUserKeys,
		Followers: []account.Follower{p.Members.Follow},
	})
	p.Access = access.New(access.Deps{DB: p.DB, Accounts: p.Accounts, Communities: p.Communities, Memberships: member.Memberships{}, Clock: now, Log: log, BaseURL: p.url})
	p.Pictures = media.New(p.DB, p.Files, now)
	p.Members.Connect(member.Connections{Access: p.Access, Accounts: p.Accounts, Mail: p.Mail, Pictures: p.Pictures, Retention: c.retention(), Log: log})
	p.Accounts.RegisterJobs(p.Jobs)
	p.Chat = chat.New(chat.Deps{DB: p.DB, Access: p.Access, Members: p.Members, Clock: now})
	p.Members.OnErase(chat.EraseMembers)
	p.Members.TakeRoles(p.Jobs)
	p.Members.RemoveTags(p.Jobs)
	p.Members.RegisterTransfers(p.Jobs)
	p.Bulk = bulk.New(bulk.Deps{
		DB: p.DB, Files: p.Files, Members: p.Members, Mail: p.Mail, Clock: now, Log: log,
		Limits: bulk.Limits{
			PieceRows: c.BulkPieceRows, Keep: time.Duration(c.BulkKeepDays) * 24 * time.Hour,
			MaxUnpacked: c.UnpackedMiB << 20, FilesAtOnce: c.FilesAtOnce, FilesWait: c.FilesWait, StorageBytes: c.CommunityFilesMiB << 20,
			DryRuns: c.DryRunMiB << 20,
		},
	}, p.Jobs)
	p.Members.OnErase(p.Bulk.Withhold)
	p.Members.WorkFields(p.Jobs)
	jobs.Register(p.Jobs, p.sweep)
	return nil
}

// url is the address of the server without a slash at its end; "" before it
// listens, and for commands.
func (p *Parts) url() string { return p.baseURL }

// Close closes the database and the files. Stop the engine first.
func (p *Parts) Close() error { return errors.Join(p.DB.Close(), p.Files.Close()) }

// sweepArgs ask for the removal of what nobody needs any more.
type sweepArgs struct{}

// Kind is the queue's name for sweeping.
func (sweepArgs) Kind() string { return "app.sweep" }

// uploadPause is how long an upload may go without a byte before its file
// counts as left behind by a crash.
const uploadPause = 24 * time.Hour

func (p *Parts) sweep(ctx context.Context, _ *jobs.Job, _ sweepArgs) error {
	_, err := p.Files.Sweep(p.clock.Now().Add(-uploadPause))
	return errors.Join(err, p.Bulk.Sweep(ctx), p.Accounts.Sweep(ctx), p.Access.Sweep(ctx), p.Once.Sweep(ctx), p.Counts.Sweep(ctx), p.Mail.Sweep(ctx), p.Communities.Sweep(ctx), p.Members.Sweep(ctx), p.sweepStrays(ctx))
}

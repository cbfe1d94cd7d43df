package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/standing"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/automation/firing"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/fieldchange"
	"github.com/regulars/regulars/internal/idempotency"
	"github.com/regulars/regulars/internal/installation"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ledger/chain"
	"github.com/regulars/regulars/internal/ledger/economy"
	"github.com/regulars/regulars/internal/ledger/operation"
	"github.com/regulars/regulars/internal/live"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/change"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/list"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/message/react"
	"github.com/regulars/regulars/internal/message/topic"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/note"
	"github.com/regulars/regulars/internal/outage"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/presence"
	"github.com/regulars/regulars/internal/progress/activity"
	"github.com/regulars/regulars/internal/progress/application"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/completion"
	"github.com/regulars/regulars/internal/progress/earned"
	"github.com/regulars/regulars/internal/progress/gain"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/progress/rule"
	"github.com/regulars/regulars/internal/progress/tier"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/readstate"
	"github.com/regulars/regulars/internal/report"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/safehttp"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/stats"
)

// Services are the storage and the features, shared by the server and the
// commands.
type Services struct {
	DB            *sqldb.DB
	Keys          *seal.Keyring // nil if keyErr is set
	Files         blob.Store
	Folder        *blob.Dir     // of temporary files, and of the files without a storage service
	Jobs          *jobs.Engine  // not started
	Events        *event.Events // not started
	Once          *idempotency.Store
	Counts        *ratelimit.Counter
	Mail          *mail.Mail
	Communities   *community.Communities
	Pictures      *media.Library
	Fields        *field.Fields
	Members       *roster.Roster
	FieldChanges  *fieldchange.Changes
	Moderation    *moderation.Moderation
	Ownership     *ownership.Ownership
	Notes         *note.Notes
	Ledger        *ledger.Ledger
	LedgerActs    *operation.Operations
	Economy       *economy.Economy
	Chain         *chain.Chain
	Blocks        *block.Blocks
	Accounts      *signin.Accounts
	Access        *access.Access
	Chat          *chat.Chat
	Conversations *direct.Conversations
	Messages      *message.Messages
	Posts         *post.Posts
	Changes       *change.Changes
	Lists         *list.Lists
	Reactions     *react.Reactions
	Topics        *topic.Topics
	ReadStates    *readstate.ReadStates
	Badges        *badge.Badges
	Awards        *award.Awards
	Applications  *application.Applications
	Milestones    *milestone.Milestones
	Completions   *completion.Completions
	Bulk          *bulk.Bulk
	Stats         *stats.Stats
	Installation  *installation.Installation
	Reports       *report.Reports
	Live          *live.Hub
	Presence      *presence.Presence
	Activity      *activity.Activity
	Rules         *rule.Rules
	Tiers         *tier.Tiers
	Automations   *automation.Automations
	Firings       *firing.Firings

	features []feature.Feature // see listFeatures

	baseURL  string // address of the server, set once it listens
	clock    clock.Clock
	log      *slog.Logger
	database *outage.Log
	keyErr   error // the secret key does not match the database: only reading is safe
}

// openServices opens the files, opens and migrates the database, and constructs
// the features. node is the node id of a server, "" for a command. Callers that
// write check keyErr first.
func openServices(ctx context.Context, c config.Config, now clock.Clock, log *slog.Logger, node string) (*Services, error) {
	if err := checkDataDir(c.StorageConfig); err != nil {
		return nil, err
	}
	p := &Services{clock: now, log: log, database: outage.New(log, now, "database")}
	var err error
	if p.Folder, err = blob.Open(c.FilesDir()); err != nil {
		return nil, err
	}
	p.Folder.SetMinFree(c.MinFreeMiB << 20)
	if p.Files, err = openStore(c.StorageConfig, p.Folder, outage.New(log, now, "file storage")); err != nil {
		return nil, errors.Join(err, p.Folder.Close())
	}
	if p.DB, err = sqldb.Open(ctx, c.Address(), c.DatabaseOptions()); err != nil {
		return nil, errors.Join(err, p.closeFiles())
	}
	if err := checkOwnDatabase(ctx, p.DB); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.DB.Migrate(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.openKeyring(ctx, c.StorageConfig); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.Jobs = jobs.New(p.DB, now, log, jobs.EngineOptions{
		Workers: c.Workers, Lease: c.Lease, NodeID: node, Version: version, Database: p.database,
		ReclaimAll: node != "" && p.DB.Dialect() == sqldb.SQLite, // the lock on the data folder guarantees a single server
	})
	if err := p.assemble(c); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// assemble constructs the features, lowest layer first.
func (p *Services) assemble(c config.Config) (err error) {
	now, log := p.clock, p.log
	p.Once, p.Counts = idempotency.New(p.DB, now), ratelimit.New(p.DB, now)
	if p.Mail, err = mail.New(mail.Deps{DB: p.DB, Jobs: p.Jobs, Clock: now, Log: log, Keys: p.Keys, SMTPURL: c.SMTPURL, From: c.MailFrom, PerHour: c.PerHour, UnconfirmedPerHour: c.StrangersPerHour}); err != nil {
		return err
	}
	p.Communities = community.New(community.Deps{
		DB: p.DB, Clock: now, OwnerOnly: c.Creation == "owner", Retention: c.Retention(),
		OnCreate: []community.CreateHook{ownership.AddFounder, access.OnCommunityCreated},
		OnChange: []community.ChangeHook{moderation.CheckJoining, ownership.CheckLogo, access.OnCommunityChanged},
		Erase:    []community.Eraser{p.eraseCommunity},
	})
	p.Accounts = signin.New(signin.Deps{
		DB: p.DB, Clock: now, Log: log, Keys: p.Keys, Mail: p.Mail, Closed: c.Registration == "closed", BaseURL: p.url, Provider: c.SignInConfig.Provider(), PasswordCost: c.PasswordCost,
		AssignedUsername: member.Memberships{}.GivenName, LimitSession: access.LimitedSessions(member.Memberships{}, now), RevokeKeys: access.RevokeUserKeys,
		ChangeHooks: []account.ChangeHook{member.Follow(now)},
	})
	p.Access = access.New(access.Deps{DB: p.DB, Accounts: p.Accounts, Communities: p.Communities, Memberships: member.Memberships{}, Clock: now, Log: log, BaseURL: p.url})
	p.Fields = field.New(p.DB, now, p.Access)
	p.Pictures = media.New(p.DB, p.Files, now)
	p.Members = roster.New(roster.Deps{
		DB: p.DB, Clock: now, Access: p.Access, Mail: p.Mail, BaseURL: p.url, Pictures: p.Pictures, Retention: c.Retention(), Log: log,
		Erase: []roster.Eraser{p.EraseMembers}, EraseContent: p.EraseContent, Rewards: earned.Rewards(),
		RoleDeleted: []assign.RoleDeleted{moderation.ForgetRole, tier.ForgetRole},
	})
	p.FieldChanges = fieldchange.New(p.DB, now, p.Access, p.Members)
	p.Moderation = moderation.New(moderation.Deps{DB: p.DB, Clock: now, Members: p.Members, Access: p.Access, Accounts: p.Accounts, Mail: p.Mail, BaseURL: p.url})
	p.Ownership = ownership.New(ownership.Deps{DB: p.DB, Clock: now, Members: p.Members, Access: p.Access, Accounts: p.Accounts, Mail: p.Mail, Pictures: p.Pictures, Retention: c.Retention(), BaseURL: p.url})
	p.Notes = note.New(note.Deps{DB: p.DB, Clock: now, Access: p.Access, Members: p.Members})
	p.assembleProgress(now, log)
	p.Blocks = block.New(block.Deps{DB: p.DB, Clock: now, Access: p.Access})
	p.Chat = chat.New(chat.Deps{DB: p.DB, Access: p.Access, Members: p.Members, Clock: now, Deleted: []chat.Hook{change.ClearChannel}})
	p.assembleMessages(now)
	p.assembleBadges(now, log)
	p.ReadStates = readstate.New(readstate.Deps{DB: p.DB, Clock: now, Access: p.Access, Messages: p.Messages})
	p.Conversations = direct.New(direct.Deps{DB: p.DB, Clock: now, Access: p.Access})
	p.Reports = report.New(report.Deps{DB: p.DB, Clock: now, Access: p.Access, Messages: p.Messages, Lists: p.Lists, Changes: p.Changes, Moderation: p.Moderation})
	p.Bulk = bulk.New(bulk.Deps{
		Erase: p.eraseRemoved, Undone: completion.OnUndone, DB: p.DB, Files: p.Files, Scratch: p.Folder, Access: p.Access, Members: p.Members, Ledger: p.Ledger, Mail: p.Mail, BaseURL: p.url, Clock: now, Log: log, Database: p.database,
		Limits: bulk.Limits{
			BatchRows: c.BulkBatchRows, Keep: time.Duration(c.BulkRetentionDays) * 24 * time.Hour, MaxUnpacked: c.UnpackedMiB << 20,
			FilesAtOnce: c.FilesAtOnce, FilesWait: c.FilesWait, StorageBytes: c.CommunityFilesMiB << 20, DryRuns: c.DryRunMiB << 20,
		},
	}, p.Jobs)
	p.Stats = stats.New(p.DB, p.Access)
	p.Installation = installation.New(installation.Deps{DB: p.DB, Clock: now, Accounts: p.Accounts, Communities: p.Communities, Mail: p.Mail, BaseURL: p.url})
	p.Presence = presence.New(p.DB, now)
	p.features = p.listFeatures()
	p.Events = event.New(event.Deps{DB: p.DB, Access: p.Access, Jobs: p.Jobs, Clock: now, Log: log, Database: p.database, Types: EventTypes(), Consumers: collect(p.features, func(f feature.Feature) []event.Consumer { return f.Consumers }), Retention: time.Duration(c.EventDays) * 24 * time.Hour})
	p.Live = live.New(live.Deps{
		DB: p.DB, Access: p.Access, Chat: p.Chat, Events: p.Events, Clock: now, Log: log, Live: collect(p.features, func(f feature.Feature) []feature.Live { return f.Live }), Active: p.Presence.Record, Connected: p.Presence.RecordConnected, ReadStates: p.ReadStates,
		Standing: standing.New(standing.Deps{DB: p.DB, Memberships: member.Memberships{}, Sessions: p.Accounts.Sessions, Clock: now}),
	})
	p.registerJobs()
	return nil
}

// assembleProgress constructs the ledger and the features of progress.
func (p *Services) assembleProgress(now clock.Clock, log *slog.Logger) {
	p.Tiers = tier.New(tier.Deps{DB: p.DB, Clock: now, Access: p.Access})
	p.Milestones = milestone.New(milestone.Deps{DB: p.DB, Clock: now, Access: p.Access})
	p.Ledger = ledger.New(ledger.Deps{Clock: now, Moved: []ledger.MoveHook{p.Tiers.Move, gain.Hook(now, badge.Gains(), milestone.Gains())}, Watched: automation.WatchesLedger})
	p.LedgerActs = operation.New(operation.Deps{DB: p.DB, Clock: now, Access: p.Access, Ledger: p.Ledger})
	p.Economy = economy.New(economy.Deps{DB: p.DB, Clock: now, Access: p.Access})
	p.Chain = chain.New(chain.Deps{DB: p.DB, Clock: now, Log: log, Access: p.Access})
	p.Activity = activity.New(activity.Deps{DB: p.DB, Clock: now, Access: p.Access})
	p.Rules = rule.New(rule.Deps{DB: p.DB, Clock: now, Access: p.Access, Ledger: p.Ledger, Log: log})
}

// assembleMessages constructs the features of messages.
func (p *Services) assembleMessages(now clock.Clock) {
	p.Messages = message.New(message.Deps{
		DB: p.DB, Access: p.Access, Clock: now, BaseURL: p.url, Images: image.New(image.Deps{DB: p.DB, Clock: now, Pictures: p.Pictures, Keys: p.Keys, BaseURL: p.url}),
	})
	p.Posts = post.New(post.Deps{Messages: p.Messages, Posted: []message.Hook{topic.Count, readstate.MoveOwn}, LockTopic: topic.Lock})
	p.Changes = change.New(change.Deps{Messages: p.Messages, Posts: p.Posts, Deleted: []message.Hook{topic.Uncount}, Cleared: []change.Clearer{post.Clear, topic.Clear, readstate.ClearMarkers, readstate.ClearPreferences}})
	p.Lists, p.Reactions = list.New(p.Messages), react.New(p.Messages)
	p.Topics = topic.New(p.Messages, p.Posts, p.Changes)
}

// assembleBadges constructs badges, their awards, completions of milestones and automations; after messages.
func (p *Services) assembleBadges(now clock.Clock, log *slog.Logger) {
	p.Badges = badge.New(badge.Deps{DB: p.DB, Clock: now, Access: p.Access, Pictures: p.Pictures, Uploads: p.Messages.Images, Web: safehttp.New(safehttp.Options{}), BaseURL: p.url})
	p.Awards = award.New(award.Deps{DB: p.DB, Clock: now, Log: log, Access: p.Access, Ledger: p.Ledger})
	p.Completions = completion.New(completion.Deps{DB: p.DB, Clock: now, Log: log, Access: p.Access, Ledger: p.Ledger, Awards: p.Awards})
	p.Automations = automation.New(automation.Deps{DB: p.DB, Clock: now, Access: p.Access, Types: EventTypes()})
	p.Firings = firing.New(firing.Deps{DB: p.DB, Clock: now, Access: p.Access, Automations: p.Automations, Ledger: p.Ledger, Awards: p.Awards, Posts: p.Posts})
	p.Applications = application.New(application.Deps{DB: p.DB, Clock: now, Access: p.Access, Awards: p.Awards, BaseURL: p.url})
}

// scheduleSweep schedules the deletion of expired data, once an hour.
func (p *Services) scheduleSweep() { p.Jobs.Schedule("sweep", "17 * * * *", sweepArgs{}) }

// API returns the API without services, for its document and its routes.
func API() *api.API { return api.New(api.Deps{}, (&Services{}).apiAreas(apiLimits{})...) }

// url is the address of the server without a trailing slash; "" before it
// listens, and in commands.
func (p *Services) url() string { return p.baseURL }

// Close closes the database and the files. Stop the engine before.
func (p *Services) Close() error { return errors.Join(p.DB.Close(), p.closeFiles()) }

func (p *Services) closeFiles() error {
	if p.Files == blob.Store(p.Folder) {
		return p.Folder.Close()
	}
	return errors.Join(p.Files.Close(), p.Folder.Close())
}

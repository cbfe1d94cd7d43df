package field

import "slices"

// MemberFields are what filters accept beside the fields of a community.
var MemberFields = []Field{
	{ID: UserID, Field: UserID, Name: "Id", Type: SingleLine, Default: true},
	{ID: Number, Field: Number, Name: "Number", Type: Numerical, Default: true},
	{ID: DisplayName, Field: DisplayName, Name: "Display Name", Type: SingleLine, Default: true},
	{ID: ExternalID, Field: ExternalID, Name: "External id", Type: SingleLine, Default: true},
	{ID: JoinDate, Field: JoinDate, Name: "Joined", Type: Date, Default: true},
	{ID: ClaimedName, Field: ClaimedName, Name: "Claimed", Type: Boolean, Default: true},
	{ID: XP, Field: XP, Name: "XP", Type: Numerical, Default: true},
	{ID: Coins, Field: Coins, Name: "Coins", Type: Numerical, Default: true},
	{ID: PremiumCurrency, Field: PremiumCurrency, Name: "Premium Currency", Type: Numerical, Default: true},
	{ID: XPEarnedToday, Field: XPEarnedToday, Name: "XP Earned Today", Type: Numerical, Default: true},
	{ID: CoinsEarnedToday, Field: CoinsEarnedToday, Name: "Coins Earned Today", Type: Numerical, Default: true},
	{ID: TotalMessages, Field: TotalMessages, Name: "Total Messages", Type: Numerical, Default: true},
	{ID: TotalReactions, Field: TotalReactions, Name: "Total Reactions", Type: Numerical, Default: true},
	{ID: ReplySent, Field: ReplySent, Name: "Reply Sent", Type: Numerical, Default: true},
	{ID: VisitCount, Field: VisitCount, Name: "Visit Count", Type: Numerical, Default: true},
	{ID: TimeSpent, Field: TimeSpent, Name: "Time Spent", Type: Numerical, Default: true},
	{ID: LoginStreak, Field: LoginStreak, Name: "Login Streak", Type: Numerical, Default: true},
	{ID: IsOnline, Field: IsOnline, Name: "Is Online", Type: Boolean, Default: true},
	{ID: Tier, Field: Tier, Name: "Tier", Type: TierName, Default: true},
	{ID: Badge, Field: Badge, Name: "Badge", Type: BadgeList, Default: true},
}

// Figures are the names of MemberFields that count what a member does and has.
var Figures = []string{XP, Coins, PremiumCurrency, XPEarnedToday, CoinsEarnedToday, TotalMessages, TotalReactions, ReplySent, VisitCount, TimeSpent, LoginStreak, IsOnline}

// FigureFields are the fields of Figures, in their order.
func FigureFields() []Field {
	return slices.DeleteFunc(slices.Clone(MemberFields), func(f Field) bool { return !f.IsFigure() })
}

// EarnedFields are FigureFields and the tier and the badges: what an export adds to the
// fields of a community.
func EarnedFields() []Field {
	return slices.DeleteFunc(slices.Clone(MemberFields), func(f Field) bool { return !f.IsEarned() })
}

// EarnedNames are the names of EarnedFields, in English.
func EarnedNames() []string {
	fields := EarnedFields()
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].Name
	}
	return names
}

// IsFigure reports whether the field is one of Figures.
func (f *Field) IsFigure() bool { return f.Default && slices.Contains(Figures, f.Field) }

// IsEarned reports whether the field is one of EarnedFields.
func (f *Field) IsEarned() bool {
	return f.IsFigure() || f.Default && (f.Field == Tier || f.Field == Badge)
}

// Database names that filters accept beside the fields of a community.
const (
	UserID      = "_id"
	Number      = "user_id"
	DisplayName = "display_name"
	ExternalID  = "external_id"
	JoinDate    = "join_date"
	ClaimedName = "claimed"

	TotalMessages  = "total_messages"
	TotalReactions = "total_reactions"
	ReplySent      = "reply_sent"
	VisitCount     = "visit_count"
	TimeSpent      = "time_spent" // minutes
	LoginStreak    = "login_streak"
	IsOnline       = "is_online"

	XP               = "xp"
	Coins            = "coins"
	PremiumCurrency  = "premium_currency"
	XPEarnedToday    = "xp_earned_today"
	CoinsEarnedToday = "coins_earned_today"

	Tier  = "tier"
	Badge = "badge"
)

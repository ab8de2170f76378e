namespace Sealer.Certificates;

/// <summary>How certificates are made, and when those that stand are made anew.</summary>
public sealed record CertificatePolicy
{
    private static readonly TimeSpan Shortest = TimeSpan.FromHours(1);

    /// <summary>100 years, as sealer counts them: 876000 hours, which is also what a controller manager is told to sign for.</summary>
    public static TimeSpan HundredYears { get; } = TimeSpan.FromHours(876_000);

    /// <summary>For how long leaves are made. None outlives its authority.</summary>
    public TimeSpan Lifetime { get; init; } = HundredYears;

    /// <summary>For how long authorities are made, which are not renewed.</summary>
    public TimeSpan AuthorityLifetime { get; init; } = HundredYears;

    /// <summary>
    /// How far before now a certificate's time begins. A day by default: hosts without internet have no time from elsewhere, and
    /// one whose hardware clock is read in the wrong time zone is up to 14 hours behind.
    /// </summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// The kind of new keys. Null: RSA of 2048 bits, whatever stands is kept, and what is renewed stays of its kind. Given:
    /// leaves of another kind are made anew (authorities never are).
    /// </summary>
    public KeyAlgorithm? Algorithm { get; init; }

    /// <summary>Leaves with less time than this are renewed; never more than a third of <see cref="Lifetime"/>.</summary>
    public TimeSpan RenewBefore { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Renews every leaf, sound or not.</summary>
    public bool RenewAll { get; init; }

    /// <summary>Renews every leaf that was issued before, sound or not; null for none. A leaf that is made at that time or later is not made again.</summary>
    public DateTimeOffset? RenewIssuedBefore { get; init; }

    /// <summary>A renewed leaf keeps its key where that is sound. By default it gets a new one, as <c>kubeadm certs renew</c> does.</summary>
    public bool KeepKeys { get; init; }

    /// <summary>A renewed leaf keeps the names and addresses that it has beside those that are wanted.</summary>
    public bool KeepExtraSans { get; init; } = true;

    /// <summary>Makes leaves for as long as one that stands was made for.</summary>
    /// <param name="present">That one; null for the policy as it is.</param>
    public CertificatePolicy AsLongAs(CertificateInfo? present) => present is { IsReadable: true } && present.NotAfter - present.NotBefore - ClockSkew is var whole && whole >= Shortest
        ? this with { Lifetime = whole }
        : this;

    /// <summary>Refuses a lifetime that no certificate can have.</summary>
    /// <param name="lifetime">It; null is possible.</param>
    /// <param name="now">Now.</param>
    /// <exception cref="SealerException"><c>InvalidCertificateLifetime</c>.</exception>
    public static void RequirePossible(TimeSpan? lifetime, DateTimeOffset now) => (lifetime is { } asked ? new CertificatePolicy { Lifetime = asked } : new CertificatePolicy()).Check(now);

    internal TimeSpan EffectiveRenewBefore => RenewBefore < Lifetime / 3 ? RenewBefore : Lifetime / 3;

    // A certificate of this policy may differ from it by so much: the skew is added, seconds are cut, hosts' clocks differ.
    internal TimeSpan Tolerance => TimeSpan.FromDays(1) < Lifetime / 10 ? TimeSpan.FromDays(1) : Lifetime / 10;

    /// <exception cref="SealerException"><c>InvalidCertificateLifetime</c>.</exception>
    internal void Check(DateTimeOffset now)
    {
        // X.509 has four digits for the year.
        var longest = new DateTimeOffset(9999, 12, 31, 0, 0, 0, TimeSpan.Zero) - now;
        foreach (var (value, what) in new[] { (Lifetime, "certificates"), (AuthorityLifetime, "authorities") })
        {
            if (value < Shortest || value > longest)
                throw Wrong(FormattableString.Invariant($"The lifetime of {what}, {value.TotalDays:0.##} days, is not possible. Give one between an hour and the year 9999."), value);
        }

        if (ClockSkew < TimeSpan.Zero || ClockSkew > TimeSpan.FromDays(31))
            throw Wrong(FormattableString.Invariant($"Certificates cannot begin {ClockSkew.TotalDays:0.##} days before now. Give a margin between none and 31 days."), ClockSkew);
    }

    private static SealerException Wrong(string message, TimeSpan value) => new("InvalidCertificateLifetime", ErrorKind.InvalidInput, message, value);
}

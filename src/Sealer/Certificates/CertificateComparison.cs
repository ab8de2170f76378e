namespace Sealer.Certificates;

/// <summary>
/// Compares what a host shall have with what it has. Needs no key and touches nothing, so that a plan can be made of it, and
/// finds nothing to do where <see cref="CertificateIssuer"/> has done what it found before.
/// </summary>
public static class CertificateComparison
{
    // What is wrong with a leaf by itself and goes away when it is made anew.
    private static readonly HashSet<CertificateProblemKind> MendedByRenewal =
    [
        CertificateProblemKind.Unreadable, CertificateProblemKind.Expired, CertificateProblemKind.NotYetValid, CertificateProblemKind.WrongAuthority,
        CertificateProblemKind.KeyMissing, CertificateProblemKind.KeyMismatch, CertificateProblemKind.KeyUnreadable, CertificateProblemKind.WeakKey,
    ];

    // The kubelet renews what it rotates, unless that is past renewing.
    private static readonly HashSet<CertificateProblemKind> PastRotation = [CertificateProblemKind.Expired, CertificateProblemKind.WrongAuthority];

    private static readonly HashSet<CertificateProblemKind> UnusableForSigning =
    [
        CertificateProblemKind.Unreadable, CertificateProblemKind.NotAnAuthority, CertificateProblemKind.Expired,
        CertificateProblemKind.NotYetValid, CertificateProblemKind.KeyMismatch, CertificateProblemKind.KeyUnreadable,
    ];

    /// <summary>What must be made and why; one decision for each that is wanted, except those that need not be there and are not.</summary>
    /// <param name="wanted">What the host shall have, authorities before what they issue.</param>
    /// <param name="present">What it has.</param>
    /// <param name="policy">How long certificates last and when they are renewed.</param>
    /// <param name="at">Now.</param>
    /// <exception cref="SealerException">
    /// <c>AuthorityWithoutKey</c>, <c>AuthorityIncomplete</c>, <c>AuthorityMissing</c>, <c>AuthorityUnusable</c>,
    /// <c>EncryptedPrivateKey</c>, <c>ServiceAccountKeyUnusable</c>, <c>RegistryCertificateUnusable</c>,
    /// <c>InvalidCertificateLifetime</c>: what only its owner can put right.
    /// </exception>
    public static IReadOnlyList<CertificateDecision> Compare(
        IReadOnlyList<WantedCertificate> wanted, CertificateInventory present, CertificatePolicy policy, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(present);
        ArgumentNullException.ThrowIfNull(policy);
        policy.Check(at);
        var decisions = new List<CertificateDecision>();
        foreach (var each in wanted)
        {
            var decision = each.Form switch
            {
                CertificateForm.Authority => OfAuthority(each, wanted, present, policy, at),
                CertificateForm.KeyPair => OfKeyPair(each, present),
                _ when each.MayBeForeign && !IsOurs(each, wanted, present) => OfForeign(each, present),
                _ => OfLeaf(each, present, decisions.Find(d => d.Wanted.Name == each.Authority)?.Present, policy, at),
            };
            if (decision is not null)
                decisions.Add(decision);
        }

        RequireKeys(decisions);
        return decisions;
    }

    private static CertificateDecision? OfAuthority(
        WantedCertificate wanted, IReadOnlyList<WantedCertificate> all, CertificateInventory present, CertificatePolicy policy, DateTimeOffset at)
    {
        var issued = all.Where(w => w.Authority == wanted.Name).ToList();
        if (present.Find(wanted.Path) is not { } info)
        {
            if (present.FindKey(wanted.KeyPath!) is not null)
                throw Refuse("AuthorityIncomplete", $"There is the key {wanted.KeyPath} of an authority, but not its certificate {wanted.Path}. Put the certificate there, or take the key away for a new authority.", wanted.Path);
            if (issued.Exists(w => w.MayBeForeign && HasAnyOf(w, present)))
                return null;
            // A new authority would make strangers of everything that the old one issued, on every host.
            if (issued.Find(w => present.Find(w.Path)?.IsReadable == true) is { } orphan)
                throw Refuse("AuthorityMissing", $"{orphan.Path} is there, but {wanted.Path}, which issued it, is not. Copy that and {wanted.KeyPath} from another control plane or a backup; for a new cluster, remove what is left of the old one.", wanted.Path);
            return new CertificateDecision(wanted, CertificateAction.Make, [new(CertificateProblemKind.Missing, "it is not there")], null);
        }

        if (info.Has(CertificateProblemKind.KeyEncrypted))
            throw Encrypted(wanted.KeyPath!);
        if (info.Problems.FirstOrDefault(p => UnusableForSigning.Contains(p.Kind) && !IsSkew(p, info, policy, at)) is { } problem)
            throw Refuse("AuthorityUnusable", $"The authority {wanted.Path} cannot be used: {problem}. {NextStep(problem.Kind, wanted)}", wanted.Path);
        return KeepOrProtect(wanted, info);
    }

    private static string NextStep(CertificateProblemKind kind, WantedCertificate wanted) => kind switch
    {
        CertificateProblemKind.Expired => "A new authority means new certificates on every host and a restart of all of them; take it away with all that it issued to have one made.",
        CertificateProblemKind.NotYetValid => "Set the clocks of this machine and the host.",
        CertificateProblemKind.NotAnAuthority => "Give a certificate with CA:TRUE that may sign others.",
        _ => $"Put the certificate and its key, PEM of RSA or ECDSA, at {wanted.Path} and {wanted.KeyPath}.",
    };

    private static CertificateDecision OfKeyPair(WantedCertificate wanted, CertificateInventory present)
    {
        var key = present.FindKey(wanted.KeyPath!);
        switch (key?.State)
        {
            case null:
                return new CertificateDecision(wanted, CertificateAction.Make, [new(CertificateProblemKind.Missing, "it is not there")], null);
            case KeyState.Encrypted:
                throw Encrypted(wanted.KeyPath!);
            case KeyState.Present when !key.HasPublicKey:
                return new CertificateDecision(wanted, CertificateAction.Renew, [new(CertificateProblemKind.Missing, $"{wanted.Path} lacks the public key of {wanted.KeyPath}")], null);
            case KeyState.Present:
                return key.IsLoose
                    ? new CertificateDecision(wanted, CertificateAction.Protect, [new(CertificateProblemKind.LoosePermissions, "others may read its key")], null)
                    : new CertificateDecision(wanted, CertificateAction.Keep, [], null);
            case KeyState.Missing:
                throw Refuse("ServiceAccountKeyUnusable", $"{wanted.Path} is there, but {wanted.KeyPath} is not. Copy it from another control plane or a backup: a new one would make every token of the cluster void.", wanted.KeyPath!);
            default:
                throw Refuse("ServiceAccountKeyUnusable", $"{wanted.KeyPath} holds no RSA or ECDSA key. Put the cluster's key there; a new one would make every token of the cluster void.", wanted.KeyPath!);
        }
    }

    private static CertificateDecision? OfLeaf(
        WantedCertificate wanted, CertificateInventory present, CertificateInfo? authority, CertificatePolicy policy, DateTimeOffset at)
    {
        if (present.Find(wanted.Path) is not { } info)
        {
            if (wanted.KeyPath is not null && present.FindKey(wanted.KeyPath)?.State == KeyState.Encrypted)
                throw Encrypted(wanted.KeyPath);
            return wanted.IsOptional ? null
                : new CertificateDecision(wanted, CertificateAction.Make, [new(CertificateProblemKind.Missing, "it is not there")], null);
        }

        if (info.Has(CertificateProblemKind.KeyEncrypted))
            throw Encrypted(wanted.KeyPath ?? wanted.Path);
        var isRotated = info.ReadFrom is not null;
        var reasons = info.Problems.Where(p => (isRotated ? PastRotation : MendedByRenewal).Contains(p.Kind) && !IsSkew(p, info, policy, at)).ToList();
        if (info.IsReadable)
        {
            AddWhatDiffers(wanted, info, reasons);
            if (!isRotated)
                AddWhatPolicySays(info, authority, policy, at, reasons);
        }

        return reasons.Count > 0 ? new CertificateDecision(wanted, CertificateAction.Renew, reasons, info) : KeepOrProtect(wanted, info);
    }

    // A host whose clock is a little ahead of ours has made it, and for that host it is good.
    private static bool IsSkew(CertificateProblem problem, CertificateInfo info, CertificatePolicy policy, DateTimeOffset at) =>
        problem.Kind == CertificateProblemKind.NotYetValid && info.NotBefore - at <= policy.ClockSkew;

    private static void AddWhatDiffers(WantedCertificate wanted, CertificateInfo info, List<CertificateProblem> reasons)
    {
        if (SubjectName.Missing(wanted.SubjectAlternativeNames, info.SubjectAlternativeNames) is { Count: > 0 } missing)
            reasons.Add(new(CertificateProblemKind.MissingSan, "it lacks " + string.Join(", ", missing)));
        // Nobody looks at a server's subject; a client is who it says there.
        if (wanted.Usages == CertificateUsages.Client && !IsSubject(wanted, info))
            reasons.Add(new(CertificateProblemKind.WrongSubject, $"it is made out to {info.Subject}"));
        if ((info.Usages & wanted.Usages) != wanted.Usages)
            reasons.Add(new(CertificateProblemKind.WrongUsage, $"it may not be shown by a {((wanted.Usages & ~info.Usages).HasFlag(CertificateUsages.Server) ? "server" : "client")}"));
        if (wanted.Server is not null && wanted.Server != info.Server)
            reasons.Add(new(CertificateProblemKind.WrongServer, $"it goes to {info.Server ?? "no server"} and not to {wanted.Server}"));
    }

    private static void AddWhatPolicySays(
        CertificateInfo info, CertificateInfo? authority, CertificatePolicy policy, DateTimeOffset at, List<CertificateProblem> reasons)
    {
        if (policy.Algorithm is { } algorithm && info.KeyAlgorithm != algorithm)
            reasons.Add(new(CertificateProblemKind.KeyAlgorithm, $"its key is {info.KeyType}"));
        // What ends with its authority would end no later if it were made anew.
        var endsEarly = authority is null || info.NotAfter < authority.NotAfter - policy.Tolerance;
        var whole = info.NotAfter - info.NotBefore;
        var left = info.NotAfter - at;
        if (left > TimeSpan.Zero && left < policy.EffectiveRenewBefore && endsEarly)
            reasons.Add(new(CertificateProblemKind.ExpiresSoon, FormattableString.Invariant($"it expires in {Math.Max(info.DaysLeft, 0)} days")));
        else if (whole < policy.Lifetime - policy.Tolerance && endsEarly)
            reasons.Add(new(CertificateProblemKind.Lifetime, FormattableString.Invariant($"it was made for {whole.TotalDays:0} days, not for {policy.Lifetime.TotalDays:0}")));
        else if (left > policy.Lifetime + policy.Tolerance + policy.ClockSkew)
            reasons.Add(new(CertificateProblemKind.Lifetime, FormattableString.Invariant($"it lasts another {left.TotalDays:0} days, longer than the {policy.Lifetime.TotalDays:0} that are wanted")));
        // Certificates count in whole seconds.
        var isBefore = policy.RenewIssuedBefore is { } moment && (info.NotBefore + policy.ClockSkew).ToUnixTimeSeconds() < moment.ToUnixTimeSeconds();
        if ((policy.RenewAll || isBefore) && reasons.Count == 0)
            reasons.Add(new(CertificateProblemKind.Asked, "its renewal was asked for"));
    }

    private static bool IsSubject(WantedCertificate wanted, CertificateInfo info)
    {
        var has = info.Organizations.Order(StringComparer.Ordinal).ToList();
        return info.CommonName == wanted.CommonName
            && (has.SequenceEqual(wanted.Organizations.Order(StringComparer.Ordinal)) || (wanted.FormerOrganization is { } former && has is [var only] && only == former));
    }

    private static bool HasAnyOf(WantedCertificate wanted, CertificateInventory present) =>
        present.Find(wanted.Path) is not null || present.FindKey(wanted.KeyPath!) is not null;

    private static bool IsOurs(WantedCertificate wanted, IReadOnlyList<WantedCertificate> all, CertificateInventory present) =>
        !HasAnyOf(wanted, present) || present.Find(all.First(w => w.Name == wanted.Authority).Path) is not null;

    /// <summary>A pair of the user's own: used as it is, or refused; never written over.</summary>
    private static CertificateDecision OfForeign(WantedCertificate wanted, CertificateInventory present)
    {
        var info = present.Find(wanted.Path);
        var wrong = info is null ? [new CertificateProblem(CertificateProblemKind.Missing, $"{wanted.KeyPath} is there without it")]
            : info.Problems.Where(p => p.Kind is not CertificateProblemKind.LoosePermissions).ToList();
        if (info is { IsReadable: true } && SubjectName.Missing(wanted.SubjectAlternativeNames, info.SubjectAlternativeNames) is { Count: > 0 } missing)
            wrong.Add(new(CertificateProblemKind.MissingSan, "it lacks " + string.Join(", ", missing)));
        if (wrong.Count > 0)
            throw Refuse("RegistryCertificateUnusable", $"The certificate {wanted.Path}, which is not sealer's, cannot serve the registry: {string.Join("; ", wrong)}. Give another pair, or take {wanted.Path} and {wanted.KeyPath} away to have one made.", wanted.Path);
        return KeepOrProtect(wanted, info!);
    }

    private static CertificateDecision KeepOrProtect(WantedCertificate wanted, CertificateInfo info) =>
        info.ReadFrom is null && info.Problems.FirstOrDefault(p => p.Kind == CertificateProblemKind.LoosePermissions) is { } loose
            ? new CertificateDecision(wanted, CertificateAction.Protect, [loose], info)
            : new CertificateDecision(wanted, CertificateAction.Keep, [], info);

    /// <summary>An authority without its key is one that signs elsewhere: fine as long as nothing is to be signed.</summary>
    private static void RequireKeys(List<CertificateDecision> decisions)
    {
        foreach (var authority in decisions.Where(d => d.Wanted.Form == CertificateForm.Authority && d.Present is { Key: KeyState.Missing }))
        {
            var unsigned = decisions.Where(d => d.Wanted.Authority == authority.Wanted.Name && d.Action is CertificateAction.Make or CertificateAction.Renew).ToList();
            if (unsigned.Count > 0)
                throw CertificateIssuer.WithoutKey(authority.Wanted, unsigned);
        }
    }

    private static SealerException Encrypted(string path) => Refuse(
        "EncryptedPrivateKey",
        $"The key {path} needs a passphrase, which no component of Kubernetes can give. Put it there without one: openssl pkey -in {path} -out NEWFILE.",
        path);

    private static SealerException Refuse(string id, string message, string path) => new(id, ErrorKind.InvalidContent, message, path);
}

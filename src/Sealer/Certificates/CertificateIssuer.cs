using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sealer.Certificates;

/// <summary>Makes the files that a comparison found missing or in need of renewal.</summary>
public static class CertificateIssuer
{
    /// <summary>The files that must be written on the host, each whole.</summary>
    /// <param name="decisions">Of <see cref="CertificateComparison.Compare"/>.</param>
    /// <param name="files">The host's, with the authorities' keys.</param>
    /// <param name="policy">That of the comparison.</param>
    /// <param name="at">Now.</param>
    /// <param name="cancellationToken">Ends it: keys take time.</param>
    /// <exception cref="SealerException"><c>AuthorityWithoutKey</c>, <c>AuthorityUnusable</c>, <c>InvalidCertificateLifetime</c>.</exception>
    public static CertificateFileSet Make(
        IReadOnlyList<CertificateDecision> decisions,
        CertificateFileSet files,
        CertificatePolicy policy,
        DateTimeOffset at,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(decisions);
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(policy);
        policy.Check(at);
        using var issuing = new Issuing(decisions, files, policy, at);
        return issuing.Make(cancellationToken);
    }

    internal static SealerException WithoutKey(WantedCertificate authority, IEnumerable<CertificateDecision> unsigned)
    {
        var paths = string.Join(", ", unsigned.Select(d => d.Wanted.Path));
        return new SealerException(
            "AuthorityWithoutKey",
            ErrorKind.InvalidInput,
            $"The authority {authority.Path} is there without its key {authority.KeyPath}, so nothing can be signed with it, and these must be: {paths}. Put the key there, or have these signed where the key is and put them there.",
            authority.Path);
    }

    private sealed class Issuing(
        IReadOnlyList<CertificateDecision> decisions, CertificateFileSet files, CertificatePolicy policy, DateTimeOffset at) : IDisposable
    {
        private readonly Dictionary<string, Authority> _authorities = new(StringComparer.Ordinal);
        private readonly ConcurrentDictionary<string, PrivateKeyFile> _keys = new(StringComparer.Ordinal);

        public CertificateFileSet Make(CancellationToken cancellationToken)
        {
            var made = new CertificateFileSet();
            var toMake = decisions.Where(d => d.Action is CertificateAction.Make or CertificateAction.Renew).ToList();
            // An RSA key takes as long as everything else together, and a control plane has a dozen.
            Parallel.ForEach(toMake, new ParallelOptions { CancellationToken = cancellationToken }, d => _keys[d.Wanted.Path] = KeyFor(d));
            foreach (var decision in toMake)
            {
                cancellationToken.ThrowIfCancellationRequested();
                switch (decision.Wanted.Form)
                {
                    case CertificateForm.Authority:
                        Add(made, decision.Wanted, NewAuthority(decision.Wanted).Pem);
                        break;
                    case CertificateForm.KeyPair:
                        AddKeyPair(made, decision.Wanted);
                        break;
                    default:
                        Add(made, decision.Wanted, Issue(decision));
                        break;
                }
            }

            foreach (var wanted in decisions.Where(d => d.Action == CertificateAction.Protect).Select(d => d.Wanted))
            {
                var path = wanted.KeyPath ?? wanted.Path;
                if (files.Find(path) is { } file)
                    made.Add(new CertificateFile(path, file.Content, CertificateFile.SecretMode));
            }

            return made;
        }

        public void Dispose()
        {
            foreach (var authority in _authorities.Values)
                authority.Dispose();
            foreach (var key in _keys.Values)
                key.Dispose();
        }

        private PrivateKeyFile KeyFor(CertificateDecision decision)
        {
            var keeps = decision.Wanted.Form == CertificateForm.KeyPair
                ? decision.Action == CertificateAction.Renew
                : decision is { Action: CertificateAction.Renew, Present.Key: KeyState.Present }
                    && policy.KeepKeys
                    && !decision.Reasons.Any(r => r.Kind is CertificateProblemKind.WeakKey or CertificateProblemKind.KeyAlgorithm);
            if (keeps && ExistingKey(decision.Wanted) is { State: KeyState.Present } existing)
                return existing;
            var algorithm = policy.Algorithm ?? decision.Present?.KeyAlgorithm ?? KeyAlgorithm.Rsa2048;
            return PrivateKeyFile.Make(decision.Wanted.NeedsRsa && algorithm is (KeyAlgorithm.EcdsaP256 or KeyAlgorithm.EcdsaP384) ? KeyAlgorithm.Rsa2048 : algorithm);
        }

        private PrivateKeyFile ExistingKey(WantedCertificate wanted)
        {
            if (wanted.KeyPath is { } path)
                return PrivateKeyFile.Read(files.Find(path));
            var data = files.Find(wanted.Path) is { } file ? Kubeconfig.Read(file.Content.Span, out _)?.Key : null;
            return PrivateKeyFile.Read(data is null ? null : new CertificateFile(wanted.Path, data));
        }

        private void Add(CertificateFileSet made, WantedCertificate wanted, string certificatePem)
        {
            var key = _keys[wanted.Path].ToPem();
            if (wanted.Form == CertificateForm.Kubeconfig)
            {
                made.Add(CertificateFile.Of(wanted.Path, Kubeconfig.Write(wanted, _authorities[wanted.Authority!].Pem, certificatePem, key)));
                return;
            }

            made.Add(CertificateFile.Of(wanted.Path, certificatePem));
            made.Add(CertificateFile.Of(wanted.KeyPath!, key));
        }

        private void AddKeyPair(CertificateFileSet made, WantedCertificate wanted)
        {
            var key = _keys[wanted.Path];
            // Keys of tokens that were signed before stay good.
            var former = files.Find(wanted.Path) is { } file
                ? PemFile.Read(file.Content.Span, out _).Where(b => b.Label == "PUBLIC KEY").Select(b => PemEncoding.WriteString(b.Label, b.Data) + "\n")
                : [];
            made.Add(CertificateFile.Of(wanted.Path, key.PublicKeyPem() + string.Concat(former)));
            made.Add(CertificateFile.Of(wanted.KeyPath!, key.ToPem()));
        }

        private Authority NewAuthority(WantedCertificate wanted)
        {
            var key = _keys[wanted.Path];
            var name = Name(wanted.CommonName, []);
            var publicKey = new PublicKey(key.Key!);
            var request = new CertificateRequest(name, publicKey, HashOf(key.Key!));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(
                X509KeyUsageFlags.DigitalSignature | Encipherment(key) | X509KeyUsageFlags.KeyCertSign, critical: true));
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(publicKey, critical: false));
            request.CertificateExtensions.Add(Names([wanted.CommonName]));
            var certificate = request.Create(name, Generator(key.Key!), Seconds(at - policy.ClockSkew), Seconds(at + policy.AuthorityLifetime), SerialNumber());
            return _authorities[wanted.Name] = new Authority(certificate, key);
        }

        private Authority AuthorityOf(CertificateDecision decision)
        {
            var name = decision.Wanted.Authority!;
            if (_authorities.TryGetValue(name, out var authority))
                return authority;
            var wanted = decisions.FirstOrDefault(d => d.Wanted.Name == name)?.Wanted
                ?? throw new ArgumentException($"The authority {name} is not among the decisions.");
            var reason = "it is not there";
            var certificates = files.Find(wanted.Path) is { } file ? CertificateReader.Certificates(file.Content.Span, out reason) : [];
            if (certificates.Count == 0)
                throw new SealerException("AuthorityUnusable", ErrorKind.InvalidContent, $"The authority {wanted.Path} cannot be used: {reason}. Put its certificate there.", wanted.Path);
            foreach (var other in certificates.Skip(1))
                other.Dispose();
            var key = PrivateKeyFile.Read(files.Find(wanted.KeyPath!));
            authority = _authorities[name] = new Authority(certificates[0], key);
            if (key.State == KeyState.Missing)
                throw WithoutKey(wanted, [decision]);
            return key.State == KeyState.Present
                ? authority
                : throw new SealerException("AuthorityUnusable", ErrorKind.InvalidContent, $"The key {wanted.KeyPath} cannot be used: {key.Reason}. Put the authority's key there.", wanted.KeyPath);
        }

        private string Issue(CertificateDecision decision)
        {
            var (wanted, present) = (decision.Wanted, decision.Present);
            var authority = AuthorityOf(decision);
            var key = _keys[wanted.Path];
            var groups = wanted.FormerOrganization is { } former && present is { Organizations: [var only] } && only == former ? present.Organizations : wanted.Organizations;
            var request = new CertificateRequest(Name(wanted.CommonName, groups), new PublicKey(key.Key!), HashOf(authority.Key.Key!));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | Encipherment(key), critical: true));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(Purposes(wanted.Usages), critical: false));
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
            if (authority.Certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is { } identifier)
                request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(identifier));
            if (NamesOf(wanted, present) is { Count: > 0 } names)
                request.CertificateExtensions.Add(Names(names));

            var (begin, end) = (new DateTimeOffset(authority.Certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(authority.Certificate.NotAfter.ToUniversalTime()));
            var notBefore = Seconds(at - policy.ClockSkew);
            var notAfter = Seconds(at + policy.Lifetime);
            using var certificate = request.Create(
                authority.Certificate.SubjectName,
                Generator(authority.Key.Key!),
                notBefore > begin ? notBefore : begin,
                notAfter < end ? notAfter : end,
                SerialNumber());
            return certificate.ExportCertificatePem() + "\n";
        }

        private IReadOnlyList<string> NamesOf(WantedCertificate wanted, CertificateInfo? present)
        {
            if (present is null || !policy.KeepExtraSans || !wanted.Usages.HasFlag(CertificateUsages.Server))
                return wanted.SubjectAlternativeNames;
            // What a stranger's certificate holds may be no name that could be written again.
            var kept = present.SubjectAlternativeNames.Where(n => SubjectName.AddressOf(n) is not null || SubjectName.IsName(n.StartsWith("*.", StringComparison.Ordinal) ? n[2..] : n));
            return ClusterCertificates.Ordered([.. wanted.SubjectAlternativeNames, .. kept], wanted.Name);
        }

        private static X509Extension Names(IReadOnlyList<string> names)
        {
            var builder = new SubjectAlternativeNameBuilder();
            foreach (var name in names)
            {
                if (SubjectName.AddressOf(name) is IPAddress address)
                    builder.AddIpAddress(address);
                else
                    builder.AddDnsName(name);
            }

            return builder.Build();
        }

        private static OidCollection Purposes(CertificateUsages usages)
        {
            var purposes = new OidCollection();
            if (usages.HasFlag(CertificateUsages.Server))
                purposes.Add(new Oid("1.3.6.1.5.5.7.3.1"));
            if (usages.HasFlag(CertificateUsages.Client))
                purposes.Add(new Oid("1.3.6.1.5.5.7.3.2"));
            return purposes;
        }

        // kubeadm says it of ECDSA too, where it means nothing and RFC 5480 forbids it.
        private static X509KeyUsageFlags Encipherment(PrivateKeyFile key) => key.Key is RSA ? X509KeyUsageFlags.KeyEncipherment : X509KeyUsageFlags.None;

        private static HashAlgorithmName HashOf(AsymmetricAlgorithm key) => key is ECDsa { KeySize: > 384 } ? HashAlgorithmName.SHA512
            : key is ECDsa { KeySize: > 256 } ? HashAlgorithmName.SHA384
            : HashAlgorithmName.SHA256;

        private static X509SignatureGenerator Generator(AsymmetricAlgorithm key) => key is RSA rsa
            ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
            : X509SignatureGenerator.CreateForECDsa((ECDsa)key);

        private static X500DistinguishedName Name(string commonName, IReadOnlyList<string> groups)
        {
            var builder = new X500DistinguishedNameBuilder();
            // It writes them in the reverse order; kubeadm has the groups first.
            builder.Add("2.5.4.3", commonName, KindOf(commonName));
            foreach (var group in groups)
                builder.Add("2.5.4.10", group, KindOf(group));
            return builder.Build();
        }

        // As Go chooses it, so that issuers compare equal byte by byte.
        private static UniversalTagNumber KindOf(string text) =>
            text.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '\'' or '(' or ')' or '+' or ',' or '-' or '.' or '/' or ':' or '=' or '?')
                ? UniversalTagNumber.PrintableString
                : UniversalTagNumber.UTF8String;

        private static byte[] SerialNumber()
        {
            var number = RandomNumberGenerator.GetBytes(16);
            // Positive, and no leading zero.
            number[0] = (byte)((number[0] & 0x3F) | 0x40);
            return number;
        }

        private static DateTimeOffset Seconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
    }

    private sealed record Authority(X509Certificate2 Certificate, PrivateKeyFile Key) : IDisposable
    {
        public string Pem => Certificate.ExportCertificatePem() + "\n";

        public void Dispose()
        {
            Certificate.Dispose();
            Key.Dispose();
        }
    }
}

using System.Security.Cryptography.X509Certificates;

namespace Sealer.Certificates;

/// <summary>
/// Reads what certificates, keys and kubeconfigs a host has from their bytes. What cannot be read is told as a problem of its
/// file and never ends the reading, whatever the bytes are.
/// </summary>
public static class CertificateReader
{
    private static readonly string[] KnownKubeconfigs =
        ["admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf", "kubelet.conf"];

    /// <summary>Reads a host's files: those of the paths, of a registry, and what else is given.</summary>
    /// <param name="files">
    /// <c>*.crt</c> and <c>*.pem</c> are certificates, <c>*.key</c> their keys, <c>*.pub</c> public keys, <c>*.conf</c> kubeconfigs;
    /// others are passed over.
    /// </param>
    /// <param name="at">The time it is looked at.</param>
    /// <param name="paths">Where the host keeps them.</param>
    public static CertificateInventory Read(CertificateFileSet files, DateTimeOffset at, CertificatePaths? paths = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        using var reading = new Reading(files, at, paths ?? new CertificatePaths());
        return reading.Inventory();
    }

    /// <summary>True of a kubeconfig that kubeadm makes.</summary>
    internal static bool IsKubeadms(string path, CertificatePaths paths) => KnownKubeconfigs.Any(name => path == $"{paths.Folder}/{name}");

    /// <summary>The certificates of one file, or why there are none.</summary>
    internal static IReadOnlyList<X509Certificate2> Certificates(ReadOnlySpan<byte> content, out string? reason)
    {
        var found = new List<X509Certificate2>();
        foreach (var block in PemFile.Read(content, out reason))
        {
            if (block.Label != PemFile.CertificateLabel)
                continue;
            if (X509Reading.Certificate(block) is { } certificate)
                found.Add(certificate);
            else
                reason = "a block is no X.509 certificate";
        }

        if (reason is null && found.Count > 0)
            return found;
        reason ??= "it holds no certificate";
        found.ForEach(c => c.Dispose());
        return [];
    }

    private sealed class Reading : IDisposable
    {
        private readonly CertificateFileSet _files;
        private readonly CertificatePaths _paths;
        private readonly DateTimeOffset _at;
        private readonly Dictionary<string, (IReadOnlyList<X509Certificate2> Certificates, string? Reason)> _certificates = new(StringComparer.Ordinal);
        private readonly HashSet<string> _referred = new(StringComparer.Ordinal);
        private readonly List<X509Certificate2> _embedded = [];

        public Reading(CertificateFileSet files, DateTimeOffset at, CertificatePaths paths)
        {
            (_files, _at, _paths) = (files, at, paths);
            foreach (var file in files.Where(f => HasEnding(f, ".crt") || HasEnding(f, ".pem")))
                _certificates[file.Path] = (Certificates(file.Content.Span, out var reason), reason);
        }

        public CertificateInventory Inventory()
        {
            var found = new List<CertificateInfo>();
            found.AddRange(_files.Where(f => HasEnding(f, ".conf")).Select(OfKubeconfig).OfType<CertificateInfo>());
            foreach (var (path, (certificates, reason)) in _certificates)
            {
                if (_referred.Contains(path))
                    continue;
                if (certificates.Count == 0)
                    found.Add(Unreadable(path, IsForAuthority(path) ? CertificateForm.Authority : CertificateForm.Leaf, reason!));
                for (var i = 0; i < certificates.Count; i++)
                    found.Add(OfFile(path, certificates[i], i));
            }

            return new CertificateInventory
            {
                Certificates = [.. found.OrderBy(c => c.Path, StringComparer.Ordinal).ThenBy(c => c.Position)],
                Keys = [.. Keys()],
            };
        }

        public void Dispose()
        {
            foreach (var certificate in _certificates.Values.SelectMany(c => c.Certificates).Concat(_embedded))
                certificate.Dispose();
        }

        private static bool HasEnding(CertificateFile file, string ending) => file.Path.EndsWith(ending, StringComparison.Ordinal);

        private static bool IsLoose(CertificateFile? file) => file?.Mode is { } mode && (mode & 0x3F) != 0;

        private static CertificateInfo Unreadable(string path, CertificateForm form, string reason) => new()
        {
            Path = path,
            Form = form,
            Problems = [new CertificateProblem(CertificateProblemKind.Unreadable, PlainText.Of(reason))],
        };

        private bool IsForAuthority(string path) => _paths.Shared.Contains(path);

        private IEnumerable<KeyInfo> Keys()
        {
            foreach (var file in _files.Where(f => HasEnding(f, ".key") && !_certificates.ContainsKey(f.Path[..^4] + ".crt")))
            {
                using var key = PrivateKeyFile.Read(file);
                yield return new KeyInfo(file.Path, key.State, key.KeyType, HoldsPublicKey(file.Path[..^4] + ".pub", key.PublicKeyInfo), IsLoose(file));
            }

            foreach (var file in _files.Where(f => HasEnding(f, ".pub") && _files.Find(f.Path[..^4] + ".key") is null))
                yield return new KeyInfo(file.Path[..^4] + ".key", KeyState.Missing, "", true, false);
        }

        // There may be several: the keys of tokens that were signed before.
        private bool HoldsPublicKey(string path, byte[] publicKeyInfo) => _files.Find(path) is { } file
            && PemFile.Read(file.Content.Span, out _).Any(b => b.Label == "PUBLIC KEY" && b.Data.AsSpan().SequenceEqual(publicKeyInfo));

        private CertificateInfo OfFile(string path, X509Certificate2 certificate, int position)
        {
            var isAuthority = X509Reading.IsAuthority(certificate) || IsForAuthority(path);
            var problems = new List<CertificateProblem>();
            var info = Describe(path, certificate, isAuthority ? CertificateForm.Authority : CertificateForm.Leaf, problems) with { Position = position };
            if (position > 0)
                return info with { Problems = problems };
            var keyFile = _files.Find(ClusterCertificates.KeyOf(path));
            using var key = PrivateKeyFile.Read(keyFile);
            if (IsForAuthority(path) && !X509Reading.MaySign(certificate))
                problems.Add(new(CertificateProblemKind.NotAnAuthority, "it may not sign other certificates"));
            return info with { Key = StateOf(key, keyFile, certificate, isAuthority, problems), Problems = problems };
        }

        private CertificateInfo? OfKubeconfig(CertificateFile file)
        {
            var config = Kubeconfig.Read(file.Content.Span, out var reason);
            if (config is null || reason is not null)
            {
                return IsKubeadms(file.Path, _paths) ? Unreadable(file.Path, CertificateForm.Kubeconfig, reason!) : null;
            }

            var server = config.Server is null ? null : PlainText.Of(config.Server);
            if (config.CertificateFile is { } referred)
                return OfReferred(file, config, Absolute(referred)) with { Server = server };
            if (config.Certificate is null)
                return null; // A token, or a program that gives one: nothing that expires here.
            var certificates = Certificates(config.Certificate, out reason);
            _embedded.AddRange(certificates);
            if (certificates.Count == 0)
                return Unreadable(file.Path, CertificateForm.Kubeconfig, "its client certificate: " + reason) with { Server = server };
            var problems = new List<CertificateProblem>();
            var info = Describe(file.Path, certificates[0], CertificateForm.Kubeconfig, problems);
            CheckTrust(config, problems);
            var keyFile = file.IsWithoutKey && config.KeyFile is null ? file
                : config.Key is { } data ? new CertificateFile(file.Path, data, file.Mode)
                : config.KeyFile is { } path ? _files.Find(Absolute(path))
                : null;
            using var key = PrivateKeyFile.Read(keyFile);
            return info with { Server = server, Key = StateOf(key, keyFile, certificates[0], false, problems), Problems = problems };

            string Absolute(string path) => path.StartsWith('/') ? path : $"{file.Path[..file.Path.LastIndexOf('/')]}/{path}";
        }

        /// <summary>What the kubelet rotates lies in a file of its own.</summary>
        private CertificateInfo OfReferred(CertificateFile file, Kubeconfig config, string path)
        {
            var problems = new List<CertificateProblem>();
            CheckTrust(config, problems);
            if (!_certificates.TryGetValue(path, out var found) || found.Certificates is not [var certificate, ..])
            {
                var reason = found.Reason is null ? "was not read" : "cannot be read: " + found.Reason;
                return Unreadable(file.Path, CertificateForm.Kubeconfig, $"its client certificate in {path} {reason}") with { ReadFrom = PlainText.Of(path) };
            }

            _referred.Add(path);
            var info = Describe(file.Path, certificate, CertificateForm.Kubeconfig, problems) with { ReadFrom = PlainText.Of(path) };
            var keyFile = _files.Find(config.KeyFile ?? path);
            using var key = PrivateKeyFile.Read(keyFile);
            return info with { Key = StateOf(key, keyFile, certificate, false, problems), Problems = problems };
        }

        private void CheckTrust(Kubeconfig config, List<CertificateProblem> problems)
        {
            if (!_certificates.TryGetValue(_paths.Pki("ca.crt"), out var own) || own.Certificates is not [var authority, ..])
                return;
            var trusted = config.Authority is { } data ? Certificates(data, out _)
                : config.AuthorityFile is { } path && _certificates.TryGetValue(path, out var found) ? found.Certificates
                : null;
            if (config.Authority is not null && trusted is not null)
                _embedded.AddRange(trusted);
            if (trusted?.Any(c => c.RawDataMemory.Span.SequenceEqual(authority.RawDataMemory.Span)) == false)
                problems.Add(new(CertificateProblemKind.WrongAuthority, $"it trusts another authority than that of {_paths.Pki("ca.crt")}"));
        }

        private CertificateInfo Describe(string path, X509Certificate2 certificate, CertificateForm form, List<CertificateProblem> problems)
        {
            var (notBefore, notAfter) = (new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
            if (_at > notAfter)
                problems.Add(new(CertificateProblemKind.Expired, FormattableString.Invariant($"it expired on {notAfter:yyyy-MM-dd}")));
            if (_at < notBefore)
                problems.Add(new(CertificateProblemKind.NotYetValid, FormattableString.Invariant($"its time begins on {notBefore:yyyy-MM-dd HH:mm}")));
            using var key = X509Reading.PublicKey(certificate);
            var (keyType, algorithm) = key is null ? ("unknown", (KeyAlgorithm?)null) : PrivateKeyFile.Describe(key);
            CheckStrength(certificate, key?.KeySize ?? 0, key is System.Security.Cryptography.RSA ? 2048 : 256, keyType, problems);
            return new CertificateInfo
            {
                Path = path,
                Form = form,
                Subject = PlainText.Of(certificate.Subject),
                CommonName = PlainText.Of(string.Join(',', X509Reading.Attributes(certificate, "2.5.4.3"))),
                Organizations = [.. X509Reading.Attributes(certificate, "2.5.4.10").Select(PlainText.Of)],
                Issuer = PlainText.Of(certificate.Issuer),
                Authority = AuthorityOf(path, certificate, form, problems),
                SubjectAlternativeNames = [.. X509Reading.Names(certificate).Select(PlainText.Of)],
                Usages = X509Reading.Usages(certificate),
                KeyType = keyType,
                KeyAlgorithm = algorithm,
                SerialNumber = certificate.SerialNumber,
                Fingerprint = certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256),
                NotBefore = notBefore,
                NotAfter = notAfter,
                DaysLeft = (int)Math.Floor((notAfter - _at).TotalDays),
                Problems = problems,
            };
        }

        private static void CheckStrength(X509Certificate2 certificate, int size, int atLeast, string keyType, List<CertificateProblem> problems)
        {
            var isRoot = certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
            if (size == 0)
                problems.Add(new(CertificateProblemKind.WeakKey, "its key is of a kind or length that Kubernetes cannot use"));
            else if (size < atLeast)
                problems.Add(new(CertificateProblemKind.WeakKey, $"its key, {keyType}, is too short"));
            else if (!isRoot && (X509Reading.Hash(certificate) is not { } hash || hash == System.Security.Cryptography.HashAlgorithmName.SHA1))
                problems.Add(new(CertificateProblemKind.WeakKey, $"its signature is {certificate.SignatureAlgorithm.FriendlyName ?? certificate.SignatureAlgorithm.Value}, which Kubernetes does not take"));
        }

        /// <summary>The file of the authority that signed it.</summary>
        private string? AuthorityOf(string path, X509Certificate2 certificate, CertificateForm form, List<CertificateProblem> problems)
        {
            var expected = form == CertificateForm.Authority ? null : _paths.AuthorityOf(path);
            if (expected is not null && _certificates.TryGetValue(expected, out var authority) && authority.Certificates is [var signer, ..])
            {
                if (X509Reading.IsSignedBy(certificate, signer))
                    return expected;
                problems.Add(new(CertificateProblemKind.WrongAuthority, $"the authority of {expected} did not sign it"));
            }

            return _certificates
                .Where(other => other.Value.Certificates is [var first, ..] && X509Reading.IsAuthority(first) && X509Reading.IsSignedBy(certificate, first))
                .Select(other => other.Key)
                .Order(StringComparer.Ordinal)
                .FirstOrDefault();
        }

        private static KeyState StateOf(
            PrivateKeyFile key, CertificateFile? file, X509Certificate2 certificate, bool isAuthority, List<CertificateProblem> problems)
        {
            var state = key.State == KeyState.Present && !key.PublicKeyInfo.AsSpan().SequenceEqual(certificate.PublicKey.ExportSubjectPublicKeyInfo())
                ? KeyState.Mismatch
                : key.State;
            if (state == KeyState.Missing && !isAuthority)
                problems.Add(new(CertificateProblemKind.KeyMissing, "its key is not there"));
            else if (state == KeyState.Encrypted)
                problems.Add(new(CertificateProblemKind.KeyEncrypted, "its key needs a passphrase"));
            else if (state == KeyState.Unreadable)
                problems.Add(new(CertificateProblemKind.KeyUnreadable, "its key cannot be read: " + key.Reason));
            else if (state == KeyState.Mismatch)
                problems.Add(new(CertificateProblemKind.KeyMismatch, "its key is that of another certificate"));
            if (IsLoose(file))
                problems.Add(new(CertificateProblemKind.LoosePermissions, FormattableString.Invariant($"others may read its key (mode {Convert.ToString(file!.Mode!.Value, 8)})")));
            return state;
        }
    }
}

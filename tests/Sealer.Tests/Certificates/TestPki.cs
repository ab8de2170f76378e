using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Sealer.Certificates;

namespace Sealer.Tests.Certificates;

/// <summary>Certificates of a control plane, made with quick keys.</summary>
internal static class TestPki
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 15, 30, 12, TimeSpan.Zero);

    public static readonly CertificatePolicy Quick = new() { Algorithm = KeyAlgorithm.EcdsaP256 };

    public static readonly ClusterCertificateSpec Spec = new()
    {
        KubernetesVersion = new Version(1, 20, 2),
        NodeName = "master-0",
        AdvertiseAddress = IPAddress.Parse("10.0.0.10"),
        ControlPlaneEndpoint = "apiserver.cluster.local:6443",
        ApiServerSans = ["10.103.97.2", "127.0.0.1", "api.example.com"],
        ForInit = true,
    };

    // RSA, and slow to make.
    private static readonly Lazy<CertificateFileSet> ServiceAccounts = new(() =>
    {
        var wanted = ClusterCertificates.Of(Spec).Where(w => w.Name == "sa").ToList();
        return CertificateIssuer.Make(CertificateComparison.Compare(wanted, new CertificateInventory(), Quick, Now), new CertificateFileSet(), Quick, Now);
    });

    public static IReadOnlyList<CertificateDecision> Compare(CertificateFileSet files, ClusterCertificateSpec? spec = null, CertificatePolicy? policy = null, DateTimeOffset? at = null) =>
        CertificateComparison.Compare(ClusterCertificates.Of(spec ?? Spec), CertificateReader.Read(files, at ?? Now), policy ?? Quick, at ?? Now);

    /// <summary>The files with all that must be made of them.</summary>
    public static CertificateFileSet Made(CertificateFileSet? files = null, ClusterCertificateSpec? spec = null, CertificatePolicy? policy = null, DateTimeOffset? at = null)
    {
        files ??= ServiceAccounts.Value;
        return files.With(CertificateIssuer.Make(Compare(files, spec, policy, at), files, policy ?? Quick, at ?? Now));
    }

    public static string Text(this CertificateFileSet files, string path) => Encoding.UTF8.GetString(files.Find(path)!.Content.Span);

    public static X509Certificate2 Certificate(this CertificateFileSet files, string path) => X509Certificate2.CreateFromPem(files.Text(path));

    public static CertificateFile File(string path, string text, int? mode = null) => new(path, Encoding.UTF8.GetBytes(text), mode);

    public static CertificateFileSet Without(this CertificateFileSet files, params string[] paths) => new(files.Where(f => !paths.Contains(f.Path)));

    public static IEnumerable<CertificateDecision> Writing(this IEnumerable<CertificateDecision> decisions) => decisions.Where(d => d.Writes);

    /// <summary>A certificate that .NET makes by itself, with its key.</summary>
    public static (string Certificate, string Key) SelfSigned(string subject, AsymmetricAlgorithm? key = null, bool isAuthority = false, string[]? names = null)
    {
        key ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA rsa
            ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        if (names is not null)
        {
            var builder = new SubjectAlternativeNameBuilder();
            foreach (var name in names)
                builder.AddDnsName(name);
            request.CertificateExtensions.Add(builder.Build());
        }

        using var certificate = request.CreateSelfSigned(Now.AddDays(-1), Now.AddYears(50));
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}

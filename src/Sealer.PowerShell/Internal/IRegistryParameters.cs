using System.Management.Automation;

namespace Sealer.PowerShell;

/// <summary>What every command that talks to a registry can be told of it.</summary>
internal interface IRegistryParameters
{
    PSCredential? Credential { get; }

    SwitchParameter PlainHttp { get; }

    SwitchParameter SkipCertificateCheck { get; }

    string[] CertificateAuthority { get; }

    string? ClientCertificate { get; }

    string? ClientCertificateKey { get; }

    string[] TrustedRealm { get; }
}

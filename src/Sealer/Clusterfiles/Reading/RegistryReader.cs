using Sealer.Clusterfiles.Documents;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads <c>spec.registry</c>.</summary>
internal static class RegistryReader
{
    public static RegistrySpec Read(Fields? fields, ReadContext context)
    {
        if (fields is null)
            return new RegistrySpec(new LocalRegistrySpec(), null);
        // An empty "localRegistry:" is how sealer's users say "with all defaults".
        var local = fields.Map("localRegistry") is { } localFields ? ReadLocal(localFields, context) : null;
        var external = fields.Map("externalRegistry") is { } externalFields ? ReadExternal(externalFields, context) : null;
        fields.Finish();
        if (local is null && (external is null || fields.Has("localRegistry")))
            local = new LocalRegistrySpec();
        return new RegistrySpec(local, external);
    }

    private static LocalRegistrySpec ReadLocal(Fields fields, ReadContext context)
    {
        var certificate = fields.Map("cert");
        var names = certificate?.Map("subjectAltName");
        certificate?.Finish();
        var hostNames = names?.Texts("dnsNames") ?? [];
        foreach (var name in hostNames.Where(name => !Names.IsHostName(name.Value.StartsWith("*.", StringComparison.Ordinal) ? name.Value[2..] : name.Value)))
            context.Error(name, $"{Quoting.Quote(name.Value)} is not a host's name");
        var addresses = names?.Texts("ips") ?? [];
        foreach (var address in addresses.Where(address => Addresses.Parse(address.Value) is null))
            context.Error(address, $"{Quoting.Quote(address.Value)} is not an address");
        names?.Finish();
        var (user, password) = Credentials(fields, context);
        var result = new LocalRegistrySpec
        {
            Domain = Domain(fields, context) ?? LocalRegistrySpec.DefaultDomain,
            Port = fields.Port("port") ?? LocalRegistrySpec.DefaultPort,
            UserName = user,
            Password = password,
            IsHighlyAvailable = fields.Bool("ha") ?? true,
            IsInsecure = fields.Bool("insecure") ?? false,
            CertificateHostNames = [.. hostNames.Select(name => name.Value)],
            CertificateAddresses = [.. addresses.Select(address => Addresses.Parse(address.Value)!).Where(address => address is not null)],
        };
        if (result.IsInsecure && names is not null)
            context.Warning(fields.At("cert"), "an insecure registry has no certificate; 'cert' has no effect");
        fields.Finish();
        return result;
    }

    private static ExternalRegistrySpec? ReadExternal(Fields fields, ReadContext context)
    {
        var domain = Domain(fields, context);
        if (domain is null && !fields.Has("domain"))
            context.Error(fields.Node, "spec.registry.externalRegistry needs a domain");
        var (user, password) = Credentials(fields, context);
        var port = fields.Port("port");
        fields.Finish();
        return domain is null ? null : new ExternalRegistrySpec { Domain = domain, Port = port, UserName = user, Password = password };
    }

    private static string? Domain(Fields fields, ReadContext context)
    {
        if (fields.Scalar("domain") is not { Value.Length: > 0 } domain)
            return null;
        if (Names.IsHostName(domain.Value) || Addresses.Parse(domain.Value) is not null)
            return domain.Value;
        context.Error(domain, $"{Quoting.Quote(domain.Value)} is not a host's name{(domain.Value.Contains(':', StringComparison.Ordinal) ? "; the port has a field of its own, and there is no scheme" : "")}");
        return null;
    }

    private static (string? User, Secret? Password) Credentials(Fields fields, ReadContext context)
    {
        var user = fields.Scalar("username");
        var password = SecretReader.Read(fields, "password", context);
        if (user is { Value.Length: > 0 } && (user.Value.Contains(':', StringComparison.Ordinal) || user.Value.Any(char.IsControl)))
            context.Error(user, $"{Quoting.Quote(user.Value)} cannot be a user of a registry: it holds a ':' or a control character");
        if (user is { Value.Length: > 0 } != password is not null && !fields.Has("passwordFrom"))
        {
            context.Warning(
                fields.Has("username") ? fields.At("username") : fields.At("password"),
                $"{fields.Place} needs both username and password; with one of them alone nobody logs in");
        }

        return user is { Value.Length: > 0 } && password is not null ? (user.Value, password) : (null, null);
    }
}

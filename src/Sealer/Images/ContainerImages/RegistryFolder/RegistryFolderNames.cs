namespace Sealer.Images.ContainerImages.RegistryFolder;

/// <summary>Where an image's <c>registry/</c> has each name: by rule (<see cref="RegistryFolderPath"/>), or where its annotation says.</summary>
/// <param name="elsewhere">The repositories of those that lie elsewhere than by rule, by full name; only what the rule allows counts.</param>
internal sealed class RegistryFolderNames(IReadOnlyDictionary<string, string> elsewhere)
{
    /// <summary>The images that lie elsewhere than by rule, with their repositories.</summary>
    public IReadOnlyDictionary<string, string> Elsewhere { get; } = ContainerImagePaths.Trusted(elsewhere);

    /// <summary>The repository that has an image, if it is there.</summary>
    public string RepositoryOf(ImageReference reference) =>
        Elsewhere.GetValueOrDefault(reference.ToString()) ?? RegistryFolderPath.Of(reference);

    /// <summary>The path of the link file that tells what a name stands for, if it is there.</summary>
    public string LinkOf(ImageReference reference) => reference.Digest is { } digest
        ? RegistryFolderLayout.Revision(RepositoryOf(reference), digest)
        : RegistryFolderLayout.Tag(RepositoryOf(reference), reference.Tag!);
}
